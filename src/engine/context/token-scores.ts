/** Scores of a method for chosen tokens of an answer: all of them from one pass, and one number for each pair of tokens. */

import { type AggregatorCall, aggregate, defaultAggregators } from '../../attribution/aggregation/aggregate.ts';
import { AGGREGATORS } from '../../attribution/aggregation/registry.ts';
import { extraAxes, type ScoreArray, type SequenceAttribution } from '../../attribution/scores.ts';
import { SequenceScores } from '../../attribution/sequence-scores.ts';
import { NO_CONTRAST } from '../../attribution/solo.ts';
import type { GivenContrast } from '../../attribution/step-function.ts';
import { yieldToEventLoop } from '../../batching/dynamic-batcher.ts';
import { Random } from '../../random.ts';
import { type Answer, sequenceOf } from './answer.ts';
import type { ContextJob } from './context-job.ts';

/** Columns of scores: of each token that the model read, NaN where it comes after. */
export interface TokenScores {
  /** [source tokens, steps]; null: there is no source. */
  source: Float32Array[] | null;
  /** [target tokens, steps]; null: the target is not attributed. */
  target: Float32Array[] | null;
}

/**
 * Scores of the answer's tokens at `steps`, decoder positions in ascending order.
 * @param given - the contrast of each of these steps, where the attributed function is contrastive
 * @param onProgress - units of work that are done, and in all
 */
export async function tokenScores(
  job: ContextJob,
  answer: Answer,
  steps: Int32Array,
  given: ((from: number, to: number) => GivenContrast) | null,
  onProgress: (completed: number, total: number) => void,
): Promise<TokenScores> {
  const columns: TokenScores = { source: null, target: null };
  for (const [from, to] of rangesOfOneRegime(job, steps)) {
    const part = await scoresOf(job, answer, steps.subarray(from, to), given?.(from, to), (completed, total) =>
      onProgress(from * total + completed * (to - from), steps.length * total),
    );
    for (const side of ['source', 'target'] as const) {
      const scores = part[`${side}Attributions`];
      if (scores !== null) columns[side] = [...(columns[side] ?? []), ...columnsOf(scores)];
    }
  }
  return columns;
}

/** Ranges [from, to) of steps whose prefixes have the same positions (LongRoPE, dynamic scaling), so that one pass serves. */
function rangesOfOneRegime({ model: { model } }: ContextJob, steps: Int32Array): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  for (let k = 1; k < steps.length; k++) {
    if (model.positionRegime?.(steps[k - 1]) === model.positionRegime?.(steps[k])) continue;
    ranges.push([from, k]);
    from = k;
  }
  return [...ranges, [from, steps.length]];
}

async function scoresOf(
  job: ContextJob,
  answer: Answer,
  steps: Int32Array,
  given: GivenContrast | undefined,
  onProgress: (completed: number, total: number) => void,
): Promise<SequenceAttribution> {
  const { model, calls, request, look } = job;
  const sequence = sequenceOf(answer.contextual, steps, model);
  const random = new Random(request.seed).fork();
  using scores = new SequenceScores({
    shared: job.resources.passesOf(model),
    client: job.client,
    sequence,
    texts: NO_CONTRAST,
    random,
    counters: job.counters,
    ...(given && { given }),
  });
  onProgress(0, 1);
  const objective = await scores.objective(calls.attributedFn, calls.method.needsGradient);
  const found = await calls.method.attribute({
    passes: scores.passes,
    objective,
    args: calls.methodArgs,
    attributeTarget: model.model.architecture === 'decoder-only' || answer.outputContext !== null,
    random: random.fork(),
    text: {
      source: { tokens: answer.tokens.source, text: answer.texts.source ?? '' },
      target: { tokens: answer.tokens.target, text: answer.texts.target },
    },
    secondsAllowed: job.resources.jobSeconds,
    onProgress: async (completed, total) => {
      onProgress(completed, total);
      await yieldToEventLoop(look);
    },
    onSteps: () => {},
  });
  const { end } = sequence;
  const attribution: SequenceAttribution = {
    kind: found.kind,
    source: answer.tokens.source,
    target: answer.tokens.target.slice(0, end),
    // No aggregator that merges tokens comes here, so that places do not matter, but their number does.
    attrPosStart: end - steps.length,
    attrPosEnd: end,
    sourceAttributions: found.source,
    targetAttributions: found.target,
    stepScores: {},
    sequenceScores: {},
    convergenceDelta: null,
    ...(found.axes && { axes: found.axes }),
  };
  const chain = request.aggregators ?? scaled(found.aggregators ?? defaultChain(attribution), request);
  const [aggregated] = aggregate([attribution], chain, [{ texts: answer.texts, spanAggregation: {} }]);
  const left = extraAxes(aggregated);
  const rest = left === 0 ? [] : scaled(defaultAggregators('multidimensional', left), request);
  onProgress(1, 1);
  return aggregate([aggregated], rest, [{ texts: answer.texts, spanAggregation: {} }])[0];
}

const defaultChain = (attribution: SequenceAttribution): AggregatorCall[] =>
  defaultAggregators(attribution.kind, extraAxes(attribution));

/** A chain of defaults, normalized or rescaled as the request says. */
function scaled(chain: readonly AggregatorCall[], request: ContextJob['request']): AggregatorCall[] {
  const { normalize_attributions: normalize, rescale_attributions: rescale } = request;
  return chain.map(({ name, args }) => {
    const { properties = {} } = (AGGREGATORS.get(name)?.argsSchema ?? {}) as { properties?: object };
    return { name, args: { ...args, ...('normalize' in properties && { normalize, rescale }) } };
  });
}

/** Columns of scores [tokens, steps]. */
function columnsOf({ shape: [tokens, steps], data }: ScoreArray): Float32Array[] {
  return Array.from({ length: steps }, (_, t) =>
    Float32Array.from({ length: tokens }, (_, token) => data[token * steps + t]),
  );
}
