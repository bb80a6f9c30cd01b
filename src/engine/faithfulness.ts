/** The faithfulness metrics of a text: its aggregated scores rank its units, and passes of their own run the copies. */

import { isDeepStrictEqual } from 'node:util';
import { aggregate, defaultAggregators } from '../attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../attribution/aggregation/aggregator.ts';
import { AttributionError } from '../attribution/errors.ts';
import { inputUnits, measureMetrics, type ScoredSteps, type TextMetrics } from '../attribution/faithfulness.ts';
import type { Objective } from '../attribution/passes/objective.ts';
import type { Counters } from '../attribution/passes/passes.ts';
import { extraAxes, type SequenceAttribution, type Token } from '../attribution/scores.ts';
import { SequenceScores } from '../attribution/sequence-scores.ts';
import type { Span } from '../attribution/spans.ts';
import { type Client, yieldToEventLoop } from '../batching/dynamic-batcher.ts';
import type { CompleteCall } from '../contract/attribute-request.ts';
import type { MetricsInfo, SequenceMetrics } from '../contract/faithfulness.ts';
import { LIMITS } from '../contract/limits.ts';
import { Random } from '../random.ts';
import { toWire } from '../results/json.ts';
import type { TextJob } from './attribute-text.ts';
import type { MetricCalls, ResolvedCalls } from './calls.ts';
import type { Input } from './inputs.ts';

/** The metrics of one text, and when they were computed. */
export interface MeasuredText extends TextMetrics {
  forwardPasses: number;
  /** Milliseconds of the process's clock. */
  started: number;
  ended: number;
}

/** Steps of a text that passes of their own serve. */
export interface KnownRange extends Span {
  /** Scores [columns] of the text as it is, where the method's passes have told them. */
  clean: Float32Array | null;
}

/**
 * Scores [columns] of the text as it is that the passes of its method and step functions have told.
 * @param attributed - the attributed function as the method has evaluated it
 * @returns null where they take a pass
 */
export async function knownScores(
  { attributedFn, metrics }: ResolvedCalls,
  attributed: Objective,
  scores: SequenceScores,
): Promise<Float32Array | null> {
  if (metrics === null) return null;
  const { score } = metrics;
  const known = score.fn === attributedFn.fn && isDeepStrictEqual(score.args, attributedFn.args);
  if (known) return attributed.knownScores();
  return scores.hasLogits ? scores.passes.sumsOfSteps(await scores.score(score)) : null;
}

/**
 * @param attribution - the scores of all steps, as the method gave them
 * @param chain - the aggregators that they are ranked by
 * @param ranges - all steps of the text
 * @param onProgress - receives the copies that are done, and all
 */
export async function measureText(
  job: TextJob,
  { calls, score }: MetricCalls,
  input: Input,
  scores: { attribution: SequenceAttribution; chain: readonly CompleteCall[]; context: AggregationContext },
  ranges: readonly KnownRange[],
  client: Client,
  onProgress: (completed: number, total: number) => void,
): Promise<MeasuredText> {
  const started = performance.now();
  const counters: Counters = { forward: 0, backward: 0 };
  const units = inputUnits(ranked(scores), input.sequence);
  // Whatever a method drew, all methods are compared with the same random ranking.
  const seeded = new Random(job.request.seed);
  seeded.fork(); // the method's
  const random = seeded.fork();
  const shared = job.resources.passesOf(job.model);
  const parts = ranges.map(({ start, end, clean }) => {
    const sequence = { ...input.sequence, start, end };
    const own = { sequence, texts: input.contrast, random: random.fork() };
    return { clean, scores: new SequenceScores({ shared, client, ...own, counters, journal: job.journal }) };
  });
  try {
    const steps: ScoredSteps[] = [];
    for (const { clean, scores: own } of parts) {
      steps.push({ passes: own.passes, objective: await own.objective(score, false), clean });
    }
    const tell = async (done: number, all: number): Promise<void> => {
      onProgress(done, all);
      await yieldToEventLoop(job.look);
    };
    const measured = await measureMetrics(calls, units, steps, random, tell, (copies) => {
      if (copies > LIMITS.metricCopies) throw tooManyCopies(copies, steps[0].passes.columns);
    });
    job.counters.forward += counters.forward;
    job.counters.recalled = (job.counters.recalled ?? 0) + (counters.recalled ?? 0);
    return { ...measured, forwardPasses: counters.forward, started, ended: performance.now() };
  } finally {
    for (const part of parts) part.scores.dispose();
  }
}

/** Each span has a ranking of its own, and so copies of its own. */
function tooManyCopies(copies: number, spans: number): AttributionError {
  return new AttributionError(
    'too_many_copies',
    `metrics of ${spans} spans, each with a ranking of its own, would run ${copies} changed copies of the text, and ` +
      `${LIMITS.metricCopies} are the most: name fewer spans, or ask for fewer metrics, fractions, points or samples`,
    '#/metrics',
  );
}

/** One score for each unit and step, by the chain, and by the defaults where it leaves further axes. */
function ranked({
  attribution,
  chain,
  context,
}: {
  attribution: SequenceAttribution;
  chain: readonly CompleteCall[];
  context: AggregationContext;
}): SequenceAttribution {
  const traced = (tokens: readonly Token[]): Token[] =>
    tokens.map((token, at) => ({ ...token, span: { start: at, end: at + 1 } }));
  const whole = { ...attribution, source: traced(attribution.source), target: traced(attribution.target) };
  let [scores] = aggregate([whole], chain, [context]);
  while (extraAxes(scores) > 0) {
    [scores] = aggregate([scores], defaultAggregators(scores.kind, extraAxes(scores)), [context]);
  }
  return scores;
}

/** The metrics of a text on the wire. */
export function sequenceMetrics({ calls }: MetricCalls, measured: MeasuredText): SequenceMetrics {
  return {
    unchanged: toWire(measured.unchanged),
    units: measured.units,
    copies: measured.copies,
    forward_passes: measured.forwardPasses,
    values: valuesOf(calls, measured),
    ...(measured.spans && {
      spans: measured.spans.map((span) => ({ unchanged: toWire(span.unchanged), values: valuesOf(calls, span) })),
    }),
  };
}

function valuesOf(calls: MetricCalls['calls'], { measured }: Pick<TextMetrics, 'measured'>): SequenceMetrics['values'] {
  return calls.map(({ metric }, k) => {
    const { value, random, points } = measured[k];
    return {
      name: metric.id,
      better: metric.better,
      value: wire(value),
      random: wire(random),
      ...(points && {
        points: points.map((point) => ({ units: point.units, value: wire(point.value), random: wire(point.random) })),
      }),
    };
  });
}

function wire(value: number | null): number | null {
  return value === null ? null : toWire(value);
}

/**
 * How metrics were computed.
 * @param texts - undefined where one failed
 * @param replacement - the token in place of replaced ones
 */
export function metricsInfo(
  { calls, score }: MetricCalls,
  texts: readonly (MeasuredText | undefined)[],
  replacement: string | null,
): MetricsInfo {
  const measured = texts.filter((text) => text !== undefined);
  return {
    calls: calls.map(({ metric, args }) => ({ name: metric.id, args })),
    score: score.fn.id,
    replacement,
    forward_passes: measured.reduce((sum, { forwardPasses }) => sum + forwardPasses, 0),
    seconds: seconds(covered(measured)),
    sequence_seconds: texts.map((text) => (text === undefined ? null : seconds(text.ended - text.started))),
  };
}

/** Milliseconds in which at least one text was measured. */
function covered(texts: readonly MeasuredText[]): number {
  let sum = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { started, ended } of texts.toSorted((a, b) => a.started - b.started)) {
    sum += Math.max(0, ended - Math.max(started, until));
    until = Math.max(until, ended);
  }
  return sum;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 1e4;
}
