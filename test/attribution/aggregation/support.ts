/** Golden and handmade sequences as the engine has them. */

import { type AggregatorCall, aggregate } from '../../../src/attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../../../src/attribution/aggregation/aggregator.ts';
import type { ScoreArray, ScoreKind, SequenceAttribution, Token } from '../../../src/attribution/scores.ts';
import { type GoldenTensor, numbers } from '../../support/close.ts';
import type { GoldenSequence } from '../../support/goldens.ts';

/** A golden tensor as the engine's scores. */
function scoresOf(tensor: GoldenTensor | null): ScoreArray | null {
  if (tensor === null) return null;
  const { shape, data } = numbers(tensor);
  return { shape, data: Float32Array.from(data) };
}

const kindOf = (name: string): ScoreKind =>
  name.startsWith('Granular') ? 'granular' : name.startsWith('Multi') ? 'multidimensional' : 'coarse';

/** A golden sequence; decoder-only models have no source. */
export function sequenceOf(golden: Omit<GoldenSequence, 'aggregated'>): SequenceAttribution {
  const tokens = (pairs: [string, number][]) => pairs.map(([token, id]) => ({ id, token, start: null, end: null }));
  const mapped = <V, W>(record: Record<string, V> | undefined, of: (value: V) => W) =>
    Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name, of(value)]));
  return {
    kind: kindOf(golden.class),
    source: golden.source_attributions === null ? [] : tokens(golden.source),
    target: tokens(golden.target),
    attrPosStart: golden.attr_pos_start,
    attrPosEnd: golden.attr_pos_end,
    sourceAttributions: scoresOf(golden.source_attributions),
    targetAttributions: scoresOf(golden.target_attributions),
    stepScores: mapped(golden.step_scores, (values) => Float32Array.from(numbers(values).data)),
    sequenceScores: mapped(golden.sequence_scores, (tensor) => scoresOf(tensor) as ScoreArray),
    convergenceDelta: null,
  };
}

/** The functions by which Inseq merges step scores. */
export const CONTEXT: AggregationContext = {
  texts: { source: '', target: '' },
  spanAggregation: { probability: 'prod', perplexity: 'prod', entropy: 'sum', crossentropy: 'sum' },
};

/** A sequence of numbers for tests: one score for each token and step. */
export function handmade(parts: Partial<SequenceAttribution> = {}): SequenceAttribution {
  const token = (text: string, id: number) => ({ id, token: text, start: id * 2, end: id * 2 + 2 });
  return {
    kind: 'coarse',
    source: [],
    target: ['a', 'b', 'c', 'd'].map(token),
    attrPosStart: 2,
    attrPosEnd: 4,
    sourceAttributions: null,
    targetAttributions: { shape: [4, 2], data: Float32Array.of(1, -2, 3, 4, Number.NaN, 5, Number.NaN, Number.NaN) },
    stepScores: { probability: Float32Array.of(0.5, 0.25) },
    sequenceScores: {},
    convergenceDelta: null,
    ...parts,
  };
}

/** A sequence after a chain. `target`: the text that its tokens are of. */
export function run(sequence: SequenceAttribution, chain: AggregatorCall[], target = '') {
  const context = { ...CONTEXT, texts: { source: null, target } };
  return aggregate([sequence], chain, [context])[0];
}

/** The target's tokens as text. */
export const texts = ({ target }: SequenceAttribution) => target.map(({ token }) => token);

/** Tokens of a text, cut at the given offsets; the last is a special token. */
function cut(text: string, ...offsets: number[]): Token[] {
  const ends = [...offsets.slice(1), text.length];
  const tokens: Token[] = offsets.map((start, i) => ({
    id: i,
    token: text.slice(start, ends[i]),
    start,
    end: ends[i],
  }));
  return [...tokens, { id: 99, token: '</s>', start: null, end: null }];
}

/** A sequence over a text whose first token is the prompt. */
export function over(text: string, ...offsets: number[]): SequenceAttribution {
  const target = cut(text, ...offsets);
  const steps = target.length - 1;
  return handmade({
    target,
    attrPosStart: 1,
    attrPosEnd: target.length,
    targetAttributions: {
      shape: [target.length, steps],
      data: Float32Array.from({ length: target.length * steps }, (_, i) => i),
    },
    stepScores: { probability: new Float32Array(steps).fill(0.5) },
  });
}
