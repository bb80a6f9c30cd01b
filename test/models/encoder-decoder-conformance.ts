/** Runs a method on a golden case of a translation model as the engine does, and holds its numbers against the golden ones. */

import assert from 'node:assert/strict';
import { aggregate } from '../../src/attribution/aggregation/aggregate.ts';
import type { MethodScores } from '../../src/attribution/method.ts';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import type { ScoreArray, SequenceAttribution } from '../../src/attribution/scores.ts';
import type { ResolvedContrast } from '../../src/attribution/sequence-scores.ts';
import { soloTask } from '../../src/attribution/solo.ts';
import { CONTEXT } from '../attribution/aggregation/support.ts';
import { type CaseOptions, deltasOf, type RunPart } from '../attribution/methods/conformance.ts';
import { REPLAYS } from '../attribution/methods/replays.ts';
import { completedArgs } from '../attribution/tiny-model.ts';
import { type AttributionCase, assertClose, type Golden, type GoldenTensor } from '../support/goldens.ts';
import { asTheLibraryBuildsPaths, goldenSequence, type Translator, translationScores } from './encoder-decoder.ts';

const { methods, stepFunctions } = await loadRegistries();

/** Functions that compare the generated token with the contrast token. */
const DIFFERENCES = ['contrast_logits_diff', 'contrast_prob_diff', 'pcxmi', 'in_context_pvi'];

/** Steps at which a contrastive function is 0 whatever the input: both sides are the same. */
function constantSteps(golden: AttributionCase, sequence: Sequence, contrast: ResolvedContrast | undefined): number[] {
  if (contrast === undefined) return [];
  const { attributed_fn: id, contrast_force_inputs: forced } = golden.attribute_kwargs;
  const { targetIds, positions } = contrast;
  return Array.from(positions.keys()).filter((t) => {
    const [at, own] = [positions[t], sequence.start + t];
    const samePrefix = String(targetIds.subarray(0, at)) === String(sequence.targetIds.subarray(0, own));
    if (id === 'kl_divergence') return samePrefix;
    if (!DIFFERENCES.includes(String(id)) || (forced === true && !samePrefix)) return false;
    return targetIds[at] === sequence.targetIds[own];
  });
}

/**
 * The golden scores with 0 at those steps, where the library divides rounding noise by its sum, and v0.4.0 a plain 0.
 * @param after - what a null stands for: in targets a token after the step, in sources 0 / 0
 */
function withoutNoise(scores: GoldenTensor, steps: readonly number[], after: null | 0): GoldenTensor {
  const zero = (value: Golden): Golden => {
    if (Array.isArray(value)) return value.map(zero);
    if (value === null) return after;
    return Math.abs(Number(value)) > 1 ? value : 0;
  };
  const rows = scores.data as Golden[][];
  return { ...scores, data: rows.map((row) => row.map((value, t) => (steps.includes(t) ? zero(value) : value))) };
}

export interface TranslationOptions extends CaseOptions {
  /** The golden target leaves out the decoder's start token (v0.4.0). */
  withoutStart?: boolean;
  /** In place of all special tokens of the tokenizer. */
  specialIds?: ReadonlySet<number>;
}

/** The sequence of a case whose target leaves out the decoder's start token. */
function startedSequence(translator: Translator, golden: AttributionCase, index: number): Sequence {
  const sequences = golden.sequences.map((sequence) => ({
    ...sequence,
    target: [['', translator.decoderStart] as [string, number], ...sequence.target],
    // The library's end is inclusive where it was asked for, and the label takes no account of that.
    attr_pos_end: sequence.attr_pos_end + (typeof golden.attribute_kwargs.attr_pos_end === 'number' ? 0 : 1),
  }));
  return goldenSequence(translator, { ...golden, sequences }, index);
}

/** Scores of all tokens but the first. */
function withoutFirst(scores: ScoreArray | null): ScoreArray | null {
  if (scores === null) return null;
  const [tokens, ...axes] = scores.shape;
  return { shape: [tokens - 1, ...axes], data: scores.data.subarray(scores.data.length / tokens) };
}

/** Scores of a sequence of the case, by its recorded draws where it has some. */
async function scoresOf(
  translator: Translator,
  golden: AttributionCase,
  index: number,
  sequence: Sequence,
  options: CaseOptions,
): Promise<MethodScores & { constant: number[] }> {
  const { attributed_fn: id, attribution_args: own, attribute_target: target, ...given } = golden.attribute_kwargs;
  const method = methods.get(golden.method);
  const fn = stepFunctions.get(String(id ?? 'probability'));
  assert.ok(method && fn);
  const args = completedArgs(method.argsSchema, {
    ...golden.method_kwargs,
    ...given,
    ...(own as object),
    ...options.args,
  });
  const fnArgs = completedArgs(fn.argsSchema, { ...given, ...options.functionArgs });
  let contrast: ResolvedContrast | undefined;
  const attributeTarget = target === true;
  const ran =
    golden.method === 'discretized_integrated_gradients'
      ? asTheLibraryBuildsPaths(translator, attributeTarget)
      : translator;
  const run: RunPart = async (part, body) => {
    const scores = translationScores(ran, part);
    try {
      const attributedFn = { fn, args: fnArgs, pointer: '' };
      const task = await soloTask(scores, method, { args: args as never, attributedFn, attributeTarget });
      contrast = scores.contrasts[0];
      return await body(task);
    } finally {
      scores.dispose();
    }
  };
  const replay = golden.rng === undefined ? undefined : REPLAYS[golden.method];
  const found =
    replay === undefined
      ? await run(sequence, (task) => method.attribute(task))
      : await replay(golden, index, sequence, run);
  return { ...found, constant: constantSteps(golden, sequence, contrast) };
}

/** Holds every number of the case's sequences against the golden ones. */
export async function checkTranslation(
  translator: Translator,
  golden: AttributionCase,
  options: TranslationOptions = {},
): Promise<void> {
  const { tolerance = golden.tolerance, withoutStart = false } = options;
  for (const [index, expected] of golden.sequences.entries()) {
    const sequence = (withoutStart ? startedSequence : goldenSequence)(translator, golden, index);
    if (options.specialIds !== undefined) sequence.specialIds = options.specialIds;
    const found = await scoresOf(translator, golden, index, sequence, options);
    if (withoutStart) found.target = withoutFirst(found.target);
    const [summary] = aggregate([attribution(found, sequence)], options.chain ?? null, [CONTEXT]);
    let compared = 0;
    for (const side of ['source', 'target'] as const) {
      const compare = (own: ScoreArray | null | undefined, wanted: GoldenTensor, label: string): void => {
        assert.ok(own, label);
        assertClose(own, withoutNoise(wanted, found.constant, side === 'source' ? 0 : null), tolerance, label);
        compared++;
      };
      const raw = expected[`${side}_attributions`];
      const aggregated = expected.aggregated?.[`${side}_attributions`];
      const merged = summary[`${side}Attributions`];
      if (raw?.data) compare(options.chainOfRaw === true ? merged : found[side], raw, `${side} scores`);
      else if (raw && aggregated) compare(merged, aggregated, `${side}, aggregated`);
    }
    for (const [name, tensor] of Object.entries(expected.sequence_scores ?? {})) {
      if (tensor.data) assertClose(found.sequenceScores?.[name] as ScoreArray, tensor, tolerance, name);
    }
    const { deltas } = expected.step_scores;
    if (deltas !== undefined && golden.attribute_kwargs.return_convergence_delta === true) {
      assertClose(deltasOf(found, options), deltas, tolerance.step_scores.deltas, 'deltas');
    }
    assert.ok(compared > 0, 'the case has numbers');
  }
}

function attribution(scores: MethodScores, { start, end }: Sequence): SequenceAttribution {
  return {
    kind: scores.kind,
    source: [],
    target: [],
    attrPosStart: start,
    attrPosEnd: end,
    sourceAttributions: scores.source,
    targetAttributions: scores.target,
    stepScores: {},
    sequenceScores: scores.sequenceScores ?? {},
    convergenceDelta: null,
    ...(scores.axes && { axes: scores.axes }),
  };
}
