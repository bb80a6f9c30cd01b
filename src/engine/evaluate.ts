/** One request to compare methods: its texts are prepared once, and each method's scores of them are measured in turn. */

import type { Counters } from '../attribution/passes/passes.ts';
import { yieldToEventLoop } from '../batching/dynamic-batcher.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import type { EvaluateInfo, EvaluateRequest, EvaluateResult, MethodOfResult } from '../contract/evaluate.ts';
import { differenceOf } from '../results/difference.ts';
import { toWire } from '../results/json.ts';
import type { AttributedText } from './attribute-text.ts';
import {
  attributeTexts,
  type EngineHooks,
  type EngineOutput,
  type Job,
  lookOf,
  prepareTexts,
  type Resources,
  replacementOf,
  tokensOf,
} from './attribution.ts';
import { type MetricCalls, resolveCalls } from './calls.ts';
import { estimate, meanRanks } from './evaluation-ranking.ts';
import { modelInfo } from './info.ts';
import type { Input } from './inputs.ts';
import { Savepoint } from './savepoint.ts';
import { faultOfAll, isThere, TextFault } from './text-faults.ts';

/** Units of a method's progress. */
const PROGRESS_UNITS = 1_000;

/** A method with what came of the texts. */
interface Measured {
  call: CompleteCall;
  texts: (AttributedText | TextFault)[];
  seconds: number;
  counters: Counters;
}

/** @throws {AttributionError} when the request is at fault; the signal's reason when the job was stopped */
export async function evaluate(
  request: EvaluateRequest,
  hooks: EngineHooks,
  resources: Resources,
): Promise<EngineOutput<EvaluateResult>> {
  const started = performance.now();
  const look = lookOf(hooks);
  const loading = (completed: number, total: number): void => {
    look();
    hooks.progress({ phase: 'loading', completed, total });
  };
  const model = await resources.store.get(request.model, loading);
  await yieldToEventLoop(look);
  const loadingSeconds = (performance.now() - started) / 1000;
  const jobOf = (call: CompleteCall, own: EngineHooks): Job => {
    const attributed = asAttribution(request, call);
    const calls = resolveCalls(attributed, resources.registries);
    const counters = { forward: 0, backward: 0 };
    return { request: attributed, hooks: own, resources, model, calls, look, counters, savepoint: new Savepoint('') };
  };
  // All methods are measured on the very tokens that were generated once.
  const inputs = await prepareTexts(jobOf(request.methods[0], hooks), loading);
  const measured: Measured[] = [];
  for (const [index, call] of request.methods.entries()) {
    const from = performance.now();
    const job = jobOf(call, hooksOf(hooks, index, request.methods.length));
    const texts = await attributeTexts(job, inputs);
    for (const [text, outcome] of texts.entries()) {
      if (outcome instanceof TextFault && !outcome.isExpected) hooks.textFailed?.(text, outcome.reason);
    }
    measured.push({ call, texts, seconds: (performance.now() - from) / 1000, counters: job.counters });
  }
  const faults = measured.map(({ texts }) => texts.filter((text) => text instanceof TextFault));
  if (measured.every(({ texts }, k) => faults[k].length === texts.length)) throw faultOfAll(faults.flat());
  const metrics = jobOf(request.methods[0], hooks).calls.metrics as MetricCalls;
  const info = infoOf(request, { inputs, measured, metrics, model, resources, started });
  const prepared = inputs.map((input) => (isThere(input) ? input : null));
  const ranking = rank(measured, metrics, request.seed);
  return {
    result: { kind: 'evaluate', ranking, info },
    measured: { effort: null, quantization: model.quantization, loadingSeconds },
    difference: (original) => differenceOf(original, { ranking, info }),
    fingerprint: resources.fingerprintOf(model),
    failedTexts: request.input_texts.filter((_, text) => measured.every(({ texts }) => !isThere(texts[text]))).length,
    usage: { tokens: tokensOf(prepared), passes: info.forward_passes + info.backward_passes },
    inseq: () => 'null',
  };
}

/** The request that attributes the texts by one of the methods. */
function asAttribution(request: EvaluateRequest, { name, args }: CompleteCall): AttributeRequest {
  const { model, input_texts, generated_texts, metrics, attribute_target, generation_args } = request;
  return {
    model,
    input_texts,
    messages: null,
    generated_texts,
    method: name,
    method_args: args,
    attributed_fn: { name: 'probability', args: {} },
    step_scores: [],
    top_alternatives: 0,
    metrics,
    attribute_target,
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    generation_args,
    src_lang: request.src_lang,
    tgt_lang: request.tgt_lang,
    skip_special_tokens: false,
    clean_special_chars: false,
    aggregators: null,
    seed: request.seed,
    webhook: null,
  };
}

/** Progress over all methods; columns are nobody's. */
function hooksOf(hooks: EngineHooks, index: number, methods: number): EngineHooks {
  return {
    ...hooks,
    step: () => {},
    textFailed: () => {},
    progress: ({ phase, completed, total }) => {
      const done = Math.floor((index + completed / Math.max(1, total)) * PROGRESS_UNITS);
      hooks.progress({ phase, completed: done, total: methods * PROGRESS_UNITS });
    },
  };
}

/** The methods with their numbers, the best first. */
function rank(measured: readonly Measured[], { calls }: MetricCalls, seed: number): MethodOfResult[] {
  const entries = measured.map(({ call, texts, seconds, counters }) => {
    const numbers = (which: 'value' | 'random'): (number | null)[][] =>
      calls.map((_, k) => texts.map((text) => (isThere(text) ? (text.metrics?.measured[k][which] ?? null) : null)));
    const [values, random] = [numbers('value'), numbers('random')];
    const metrics = calls.map(({ metric: { id, better } }, k) => {
      const there = (list: (number | null)[]): number[] => list.filter((value) => value !== null);
      const gains = values[k].map((value, text) => gainOf(value, random[k][text], better));
      return {
        name: id,
        better,
        mean: rounded(estimate(there(values[k]), seed)),
        random: rounded(estimate(there(random[k]), seed)),
        gain: rounded(estimate(there(gains), seed)),
      };
    });
    return {
      method: call.name,
      method_args: call.args,
      metrics,
      texts: texts.filter(isThere).length,
      seconds: Math.round(seconds * 1e4) / 1e4,
      forward_passes: counters.forward,
      backward_passes: counters.backward,
      values: values.map(wired),
      random_values: random.map(wired),
      errors: texts.map((text) => (isThere(text) ? null : text.error)),
    };
  });
  const compared = calls.map(({ metric: { better } }, k) => ({
    better,
    means: entries.map(({ metrics }) => metrics[k].mean?.mean ?? null),
  }));
  const ranks = meanRanks(compared, entries.length);
  return entries
    .map((entry, k) => ({ mean_rank: ranks[k], ...entry }))
    .sort((a, b) => (a.mean_rank ?? Number.POSITIVE_INFINITY) - (b.mean_rank ?? Number.POSITIVE_INFINITY))
    .map((entry, _, all) => ({ rank: placeOf(entry.mean_rank, all), ...entry }));
}

/** How many are better, and 1. */
function placeOf(meanRank: number | null, all: readonly { mean_rank: number | null }[]): number | null {
  if (meanRank === null) return null;
  return 1 + all.filter(({ mean_rank: other }) => other !== null && other < meanRank).length;
}

function gainOf(value: number | null, random: number | null, better: 'higher' | 'lower'): number | null {
  if (value === null || random === null) return null;
  return better === 'higher' ? value - random : random - value;
}

function rounded(found: ReturnType<typeof estimate>): MethodOfResult['metrics'][number]['mean'] {
  if (found === null) return null;
  const { mean, low, high } = found;
  return { mean: toWire(mean) ?? 0, low: low && toWire(low), high: high && toWire(high) };
}

const wired = (values: readonly (number | null)[]): (number | null)[] =>
  values.map((value) => (value === null ? null : toWire(value)));

interface Run {
  inputs: readonly (Input | TextFault)[];
  measured: readonly Measured[];
  metrics: MetricCalls;
  model: Job['model'];
  resources: Resources;
  started: number;
}

function infoOf(
  request: EvaluateRequest,
  { inputs, measured, metrics: { calls, score }, model, resources, started }: Run,
): EvaluateInfo {
  const { backend, versions } = resources.catalogue;
  const {
    kind: _kind,
    priority: _priority,
    webhook: _webhook,
    metadata: _metadata,
    generated_texts,
    ...body
  } = request;
  const passes = (which: 'forward' | 'backward'): number =>
    measured.reduce((sum, { counters }) => sum + counters[which], 0);
  return {
    ...modelInfo(model, request.model),
    backend: backend.name,
    device: backend.device ?? 'cpu',
    metrics: calls.map(({ metric, args }) => ({ name: metric.id, args })),
    score: score.fn.id,
    replacement: replacementOf(model),
    generation_args: generated_texts === null ? request.generation_args : null,
    input_texts: request.input_texts,
    generated_texts: inputs.map((input) => (isThere(input) ? input.texts.target : null)),
    seed: request.seed,
    request: { ...body, ...(generated_texts !== null && { generated_texts }) },
    seconds: Math.round((performance.now() - started) * 10) / 1e4,
    forward_passes: passes('forward'),
    backward_passes: passes('backward'),
    versions,
  };
}
