/** One text of a job: its attributions and step scores, told column by column as they are finished. */

import {
  type AggregatorCall,
  aggregate,
  completeChain,
  defaultAggregators,
} from '../attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../attribution/aggregation/aggregator.ts';
import { mapValues } from '../attribution/aggregation/merge.ts';
import { AttributionError } from '../attribution/errors.ts';
import type { MethodScores } from '../attribution/method.ts';
import type { Objective } from '../attribution/passes/objective.ts';
import {
  concatSteps,
  extraAxes,
  type Likely,
  type SequenceAttribution,
  type TargetSpan,
} from '../attribution/scores.ts';
import { SequenceScores } from '../attribution/sequence-scores.ts';
import { type Client, yieldToEventLoop } from '../batching/dynamic-batcher.ts';
import type { ContrastInfo } from '../contract/result.ts';
import type { Journal } from '../journal.ts';
import type { LanguageModel } from '../models/model.ts';
import { Random } from '../random.ts';
import type { Job } from './attribution.ts';
import { contrastInfo, withContrasts } from './contrast-info.ts';
import { type KnownRange, knownScores, type MeasuredText, measureText } from './faithfulness.ts';
import type { Input } from './inputs.ts';
import { StepEvents } from './step-events.ts';

export interface AttributedText {
  /** Scores as the method gave them. */
  attribution: SequenceAttribution;
  /** The same, aggregated by the method's default. */
  aggregated: SequenceAttribution;
  defaultChain: readonly AggregatorCall[];
  contrasts: ContrastInfo[];
  /** Its steps, as passes of their own served them. */
  ranges: KnownRange[];
  /** Left out where no metrics are asked for. */
  metrics?: MeasuredText;
}

/** The method's share of the work where metrics are measured, too. */
const METHOD_SHARE = 0.8;
const PROGRESS_UNITS = 1000;

/** A job with the journal of one of its texts, whose passes it counts. */
export interface TextJob extends Job {
  journal: Journal;
}

/** @param onProgress - units of the method's work that are done, and in all */
export async function attributeText(
  job: TextJob,
  input: Input,
  index: number,
  client: Client,
  onProgress: (completed: number, total: number) => void,
): Promise<AttributedText> {
  const { metrics } = job.calls;
  const ranges = rangesOfOneRegime(job.model.model, input.sequence);
  if (input.targetSpans !== undefined && ranges.length > 1) throw severalRegimes(ranges);
  if (metrics === null) return attributeRanges(job, input, index, ranges, client, onProgress);
  const inAll = (completed: number, total: number, from: number, to: number): void =>
    onProgress(Math.floor((from + (to - from) * (completed / total)) * PROGRESS_UNITS), PROGRESS_UNITS);
  const text = await attributeRanges(job, input, index, ranges, client, (completed, total) =>
    inAll(completed, total, 0, METHOD_SHARE),
  );
  const { attribution, defaultChain } = text;
  const chain = job.request.aggregators ?? completeChain(defaultChain);
  const scores = { attribution, chain, context: aggregationContext(job, input) };
  const measured = await measureText(job, metrics, input, scores, text.ranges, client, (completed, total) =>
    inAll(completed, total, METHOD_SHARE, 1),
  );
  return { ...text, metrics: measured };
}

async function attributeRanges(
  job: TextJob,
  input: Input,
  index: number,
  ranges: readonly [number, number][],
  client: Client,
  onProgress: (completed: number, total: number) => void,
): Promise<AttributedText> {
  const parts: AttributedText[] = [];
  for (const [i, [start, end]] of ranges.entries()) {
    // What the ranges before were compared with stays at their tokens.
    const target = parts.at(-1)?.attribution.target ?? input.target;
    const part = { ...input, target, sequence: { ...input.sequence, start, end } };
    const share = (completed: number, total: number): void => onProgress(i * total + completed, ranges.length * total);
    parts.push(await attributeRange(job, part, index, client, share));
  }
  if (parts.length === 1) return parts[0];
  return {
    attribution: concatSteps(parts.map(({ attribution }) => attribution)),
    aggregated: concatSteps(parts.map(({ aggregated }) => aggregated)),
    defaultChain: parts[0].defaultChain,
    contrasts: parts.flatMap(({ contrasts }) => contrasts),
    ranges: parts.flatMap(({ ranges: own }) => own),
  };
}

/**
 * Ranges [start, end) of generated tokens that one pass serves. Where positions depend on the length of the text
 * (LongRoPE, dynamic scaling), a token has those of the prefix that it was predicted from.
 */
function rangesOfOneRegime(model: LanguageModel, { start, end }: { start: number; end: number }): [number, number][] {
  const ranges: [number, number][] = [];
  let from = start;
  for (let position = start + 1; position < end; position++) {
    // The prefix of the token at `position` has as many tokens.
    if (model.positionRegime?.(position - 1) === model.positionRegime?.(position)) continue;
    ranges.push([from, position]);
    from = position;
  }
  return [...ranges, [from, end]];
}

/** One pass serves all tokens of a span, or none: their scores are summed. */
function severalRegimes(ranges: readonly [number, number][]): AttributionError {
  return new AttributionError(
    'too_long',
    `the model numbers positions anew at the target ${ranges.length > 2 ? 'positions' : 'position'} ` +
      `${ranges.slice(1).map(([start]) => start)}, and spans are attributed within one numbering: attribute the parts ` +
      'one by one (attr_pos_start, attr_pos_end), or leave target_spans out',
    '#/target_spans',
  );
}

async function attributeRange(
  job: TextJob,
  input: Input,
  index: number,
  client: Client,
  onProgress: (completed: number, total: number) => void,
): Promise<AttributedText> {
  const { request, model, calls, look } = job;
  const { start, end } = input.sequence;
  const random = new Random(request.seed).fork();
  using scores = new SequenceScores({
    shared: job.resources.passesOf(model),
    client,
    sequence: input.sequence,
    texts: input.contrast,
    random,
    counters: job.counters,
    journal: job.journal,
  });
  onProgress(0, 1);
  const objective = await scores.objective(calls.attributedFn, calls.method.needsGradient);
  const ownRandom = random.fork();
  const stepScores: Record<string, Float32Array> = {};
  for (const [position, call] of calls.stepScores.entries()) {
    const name = call.fn.id in stepScores ? `${call.fn.id}_${position + 1}` : call.fn.id;
    stepScores[name] = await scores.score(call);
  }
  const topAlternatives = await likeliest(scores, job);
  const compared = { contrasts: scores.contrasts, start, target: input.target, tokenizer: model.tokenizer };
  const target = withContrasts(compared);
  const whole = (found: MethodScores, targetSpans?: TargetSpan[]): SequenceAttribution => ({
    kind: found.kind,
    source: input.source,
    target,
    attrPosStart: start,
    attrPosEnd: end,
    sourceAttributions: found.source,
    targetAttributions: found.target,
    stepScores,
    sequenceScores: found.sequenceScores ?? {},
    convergenceDelta: found.convergenceDelta ?? null,
    ...(topAlternatives && { topAlternatives }),
    ...(targetSpans && { targetSpans }),
    ...(found.axes && { axes: found.axes }),
    ...(found.layers && { layers: found.layers }),
    ...(found.diagnostics && { diagnostics: found.diagnostics }),
  });
  const events = new StepEvents(index, aggregationContext(job, input), job.hooks);
  const found = await calls.method.attribute({
    passes: scores.passes,
    objective,
    args: calls.methodArgs,
    attributeTarget: model.model.architecture === 'decoder-only' || request.attribute_target,
    random: ownRandom,
    text: {
      source: { tokens: input.source, text: input.texts.source ?? '' },
      target: { tokens: input.target, text: input.texts.target },
    },
    secondsAllowed: job.resources.jobSeconds,
    onProgress: async (completed, total) => {
      onProgress(completed, total);
      await yieldToEventLoop(look);
    },
    onSteps: (to, soFar) => {
      if (input.targetSpans === undefined) events.finished(whole(soFar), to, soFar.aggregators ?? null);
    },
  });
  checkColumns(found, scores.passes.columns, calls.method.id);
  const spans = input.targetSpans && (await scoredSpans(input.targetSpans, { objective, stepScores, start }));
  onProgress(1, 1);
  const attribution = whole(found, spans);
  const defaultChain = found.aggregators ?? defaultAggregators(found.kind, extraAxes(attribution));
  const [ofSpans] = spans ? aggregate([attribution], defaultChain, [aggregationContext(job, input)]) : [];
  return {
    attribution,
    aggregated: ofSpans ?? events.finish(attribution, defaultChain),
    defaultChain,
    contrasts: contrastInfo(compared, index),
    ranges: [{ start, end, clean: await knownScores(calls, objective, scores) }],
  };
}

/** A plugin may have been written when every column was a token. */
function checkColumns({ source, target }: MethodScores, columns: number, method: string): void {
  for (const scores of [source, target]) {
    if (scores === null || scores.shape[1] === columns) continue;
    throw new AttributionError(
      'wrong_columns',
      `the method "${method}" gives ${scores.shape[1]} columns of scores where ${columns} were asked for: leave ` +
        'target_spans out, or use another method',
      '#/method',
    );
  }
}

/** Spans with the sums of their tokens' scores. */
async function scoredSpans(
  spans: NonNullable<Input['targetSpans']>,
  known: { objective: Objective; stepScores: Record<string, Float32Array>; start: number },
): Promise<TargetSpan[]> {
  const { objective, stepScores, start } = known;
  const scores = await objective.cleanScores();
  return spans.map((span, column) => ({
    ...span,
    score: scores[column],
    stepScores: mapValues(stepScores, (values) =>
      values.subarray(span.first - start, span.last + 1 - start).reduce((sum, value) => sum + value, 0),
    ),
  }));
}

/** The most probable tokens of each step, as they are shown; null where none were asked for. */
async function likeliest(
  scores: SequenceScores,
  { request: { top_alternatives: count, clean_special_chars: clean }, model: { tokenizer } }: Job,
): Promise<Likely[][] | null> {
  if (!(count > 0)) return null;
  const shown = (id: number): string => {
    const text = clean ? tokenizer.decode([id], { skipSpecialTokens: true, cleanUp: false }) : '';
    // What is no text by itself (a special token, a byte of a character) is shown as the vocabulary has it.
    return text === '' || text.includes('\ufffd') ? (tokenizer.idToToken(id) ?? '') : text;
  };
  const steps = await scores.likeliest(count);
  return steps.map((step) => step.map(({ id, probability }) => ({ id, token: shown(id), probability })));
}

/** What aggregators may ask about a text. */
export function aggregationContext({ request, resources }: Job, { texts }: Input): AggregationContext {
  const { stepFunctions } = resources.registries;
  const names = request.step_scores.map(({ name }) => name);
  return {
    texts,
    spanAggregation: Object.fromEntries(
      names.map((name) => [name, stepFunctions.get(name)?.spanAggregation ?? 'absmax']),
    ),
  };
}
