import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AggregatorCall, aggregate } from '../../../src/attribution/aggregation/aggregate.ts';
import { FUNCTION_NAMES } from '../../../src/attribution/aggregation/functions.ts';
import { mapValues } from '../../../src/attribution/aggregation/merge.ts';
import type { SequenceAttribution } from '../../../src/attribution/scores.ts';
import { assertClose, type GoldenTolerance } from '../../support/close.ts';
import {
  type AggregationFile,
  type Args,
  aggregationCases,
  attributionCases,
  attributionModels,
  type GoldenSequence,
} from '../../support/goldens.ts';
import { CONTEXT, sequenceOf } from './support.ts';

/** Arguments that each aggregator takes of the reference library's one bag of keywords. */
const TAKEN: Record<string, string[]> = {
  scores: ['normalize', 'rescale', 'select_idx', 'vnorm_ord'],
  spans: ['source_spans', 'target_spans'],
  slices: ['source_spans', 'target_spans'],
  subwords: ['special_chars', 'is_suffix_symbol'],
  split: ['split_pattern', 'split_mode'],
};

/** A chain as the reference library was given it, in this service's form. */
function chainOf(kwargs: Args): AggregatorCall[] | null {
  if (kwargs.aggregator === undefined) return null;
  const names = [kwargs.aggregator].flat() as string[];
  const functions = [kwargs.aggregate_fn ?? null].flat();
  return names.map((name, i) => {
    const family = (FUNCTION_NAMES as string[]).includes(name) ? 'scores' : name;
    const args: Record<string, unknown> = {};
    for (const key of TAKEN[family]) if (kwargs[key] !== undefined) args[key] = kwargs[key];
    // The library's tuple is a range, its list single units; JSON tells them apart only by their length.
    if (Array.isArray(args.select_idx) && args.select_idx.length === 2) {
      args.select_idx = { start: args.select_idx[0], end: args.select_idx[1] };
    }
    if (functions[i] && family !== name) throw new Error('unexpected function');
    if (functions[i]) args.aggregate_fn = functions[i];
    // The library's own symbol and its way with the last piece of a text.
    if (name === 'subwords')
      Object.assign(args, { special_chars: args.special_chars ?? '▁', last_subword: 'separate' });
    return { name, args };
  });
}

function assertSequence(
  actual: SequenceAttribution,
  golden: Omit<GoldenSequence, 'aggregated'>,
  tolerance: GoldenTolerance,
): void {
  const tokens = (list: { token: string }[]) => list.map(({ token }) => token);
  assert.deepEqual(
    tokens(actual.target),
    golden.target.map(([token]) => token),
    'target tokens',
  );
  if (golden.source_attributions !== null) {
    assert.deepEqual(
      tokens(actual.source),
      golden.source.map(([token]) => token),
      'source tokens',
    );
  }
  assert.deepEqual([actual.attrPosStart, actual.attrPosEnd], [golden.attr_pos_start, golden.attr_pos_end], 'span');
  for (const [mine, theirs] of [
    [actual.sourceAttributions, golden.source_attributions],
    [actual.targetAttributions, golden.target_attributions],
  ] as const) {
    assert.equal(mine === null, theirs === null);
    if (mine !== null && theirs !== null) assertClose(mine, theirs, tolerance, 'attributions');
  }
  assert.deepEqual(Object.keys(actual.stepScores), Object.keys(golden.step_scores));
  mapValues(actual.stepScores, (values, name) => assertClose(values, golden.step_scores[name], tolerance, name));
  assert.deepEqual(Object.keys(actual.sequenceScores), Object.keys(golden.sequence_scores ?? {}));
  mapValues(golden.sequence_scores ?? {}, (tensor, name) =>
    assertClose(actual.sequenceScores[name], tensor, tolerance, name),
  );
}

function assertCase(file: AggregationFile, golden: AggregationFile['cases'][number]): void {
  const input = sequenceOf(file.inputs[golden.input]);
  const run = () => aggregate([input], chainOf(golden.kwargs), [CONTEXT])[0];
  if (golden.error !== undefined) {
    assert.throws(run, /normalize and rescale/);
    return;
  }
  assert.ok(golden.result);
  assertSequence(run(), golden.result, file.tolerance);
}

for (const model of ['gpt2-tiny', 'marian-tiny']) {
  describe(`aggregators, ${model}`, () => {
    const file = aggregationCases(model);
    for (const golden of file.cases.filter(({ kwargs }) => kwargs !== undefined)) {
      it(golden.case, () => assertCase(file, golden));
    }
  });
}

describe('aggregators that relate scores, marian-tiny', () => {
  const file = aggregationCases('marian-tiny');
  const find = (name: string) => {
    const found = file.cases.find((golden) => golden.case === name);
    assert.ok(found?.result);
    return { ...found, result: found.result };
  };

  it('pair', () => {
    const golden = find('pair');
    const own = aggregate([sequenceOf(file.inputs.sal)], null, [CONTEXT])[0];
    const other = sequenceOf(golden.paired as unknown as GoldenSequence);
    const [difference, kept] = aggregate([own, other], [{ name: 'pair', args: { paired: 1 } }], [CONTEXT, CONTEXT]);
    assertSequence(difference, golden.result, file.tolerance);
    assert.deepEqual(kept, other);
  });

  it('weight_attributions', () => {
    const golden = find('weight_attributions-probability');
    const chain = [{ name: 'vnorm' }, { name: 'weight', args: { step_score: 'probability' } }];
    const [weighed] = aggregate([sequenceOf(file.inputs.ixg)], chain, [CONTEXT]);
    assertSequence(weighed, golden.result, file.tolerance);
  });
});

describe('default aggregation', () => {
  for (const model of attributionModels()) {
    const cases = [...attributionCases(model)].flatMap(([name, { sequences }]) =>
      sequences.filter(hasRawScores).map((golden, i) => ({ name: `${name}, sequence ${i}`, golden })),
    );
    if (cases.length === 0) continue;
    it(`${model}: ${cases.length} sequences`, () => {
      for (const { name, golden } of cases) assertDefault(name, golden);
    });
  }
});

function hasRawScores({ aggregated, source_attributions, target_attributions }: GoldenSequence): boolean {
  if (aggregated === undefined || aggregated.error !== undefined) return false;
  return [source_attributions, target_attributions].every((scores) => scores === null || scores.data !== null);
}

function assertDefault(name: string, golden: GoldenSequence): void {
  const [mine] = aggregate([sequenceOf(golden)], null, [CONTEXT]);
  for (const side of ['source', 'target'] as const) {
    const theirs = golden.aggregated?.[`${side}_attributions`] ?? null;
    const scores = mine[`${side}Attributions`];
    assert.equal(scores === null, theirs === null, name);
    if (scores !== null && theirs !== null) assertClose(scores, theirs, { rtol: 2e-5, atol: 2e-7 }, `${name} ${side}`);
  }
}
