/** One request on its way to a result: prepare its texts, attribute them, aggregate their scores, say how it was done. */

import { aggregateEach, completeChain } from '../attribution/aggregation/aggregate.ts';
import type { Counters, SharedPasses } from '../attribution/passes/passes.ts';
import type { Registries } from '../attribution/registries.ts';
import { type SequenceAttribution, withKindOfAxes } from '../attribution/scores.ts';
import { type DynamicBatcher, type Look, yieldToEventLoop } from '../batching/dynamic-batcher.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { Difference } from '../contract/job.ts';
import type { Result } from '../contract/result.ts';
import type { Usage } from '../contract/usage.ts';
import { type EffortText, effortOf, type Measured } from '../effort.ts';
import { Random } from '../random.ts';
import { differenceOf } from '../results/difference.ts';
import { toInseqJson } from '../results/inseq.ts';
import { toResultSequence } from '../results/json.ts';
import { baselineId, baselineSpecials } from '../tokenizers/baseline.ts';
import type { Admission } from './admission.ts';
import { type AttributedText, aggregationContext, attributeText } from './attribute-text.ts';
import { type ResolvedCalls, resolveCalls } from './calls.ts';
import { metricsInfo, sequenceMetrics } from './faithfulness.ts';
import { inseqInfo, type Resolved, resultInfo } from './info.ts';
import { countTexts, type Input, prepareInput } from './inputs.ts';
import { limitRawScores } from './limits.ts';
import type { ModelStore, ReadyModel } from './model-store.ts';
import { AttributingProgress, GeneratingProgress } from './progress.ts';
import { Savepoint } from './savepoint.ts';
import { StepEvents } from './step-events.ts';
import { eachText, failedSequence, faultOfAll, isThere, TextFault } from './text-faults.ts';

export interface EngineHooks {
  progress(progress: { phase: 'loading' | 'generating' | 'attributing'; completed: number; total: number }): void;
  /** One generated token's column, aggregated by the method's default; columns leave as they are finished. */
  step(step: StepEvent): void;
  /** A text that failed for no fault of its own; the error is for the operator. */
  textFailed?: (text: number, error: unknown) => void;
  /** Aborted when the job was stopped; seen between micro-batches. */
  signal: AbortSignal;
  /** Whether the job was stopped, as far as can be told without the event loop: asked between ops. */
  stopped?: () => boolean;
  /** What an earlier attempt has put down. */
  savepoint?: Uint8Array;
  /** Called when there is something to put down from now on, with what gives it. */
  savable?: (save: () => Promise<Buffer>) => void;
}

export interface EngineOutput<R extends { job_id: string } = Result> {
  result: Omit<R, 'job_id'>;
  /** Texts that failed, each for itself. */
  failedTexts: number;
  /** What the model was computed with: that of the catalogue, as long as its files are those that were described. */
  fingerprint: string;
  usage: Usage;
  /** For the quotes of others. */
  measured: Measured;
  /** The JSON that Inseq reads; `null` where it has no such result. */
  inseq(): string;
  /** From another result of the same request. */
  difference(original: R): Difference;
}

/** What requests are computed with. */
export interface Resources {
  store: ModelStore;
  registries: Registries;
  catalogue: Catalogue;
  batcher: DynamicBatcher;
  /** Room for what texts keep while they are worked on. */
  admission: Admission;
  /** Bytes for models and activations. */
  memoryBudget: number;
  /** Seconds that a job may take. */
  jobSeconds: number;
  /** The same as long as requests to the model give the same results. */
  fingerprintOf(model: ReadyModel): string;
  /** Passes that all requests to a model share. */
  passesOf(model: ReadyModel): SharedPasses;
}

/** A request with what it needs to run. */
export interface Job {
  request: AttributeRequest;
  hooks: EngineHooks;
  resources: Resources;
  model: ReadyModel;
  calls: ResolvedCalls;
  /** Throws when the job was stopped. */
  look: Look;
  /** The job's own passes, whatever ran beside them. */
  counters: Counters;
  /** What another attempt can go on from. */
  savepoint: Savepoint<AttributedText>;
}

/**
 * Runs a request. A text that fails does so alone; the job fails where all of its texts do.
 * @throws {AttributionError} when the request is at fault; the signal's reason when the job was stopped
 */
export async function attribute(
  request: AttributeRequest,
  hooks: EngineHooks,
  resources: Resources,
): Promise<EngineOutput> {
  const started = performance.now();
  const look = lookOf(hooks);
  const loading = (completed: number, total: number): void => {
    look();
    hooks.progress({ phase: 'loading', completed, total });
  };
  const model = await resources.store.get(request.model, loading);
  const loadingSeconds = (performance.now() - started) / 1000;
  await yieldToEventLoop(look);
  const calls = resolveCalls(request, resources.registries);
  const counters: Counters = { forward: 0, backward: 0 };
  const savepoint = new Savepoint<AttributedText>(resources.fingerprintOf(model), hooks.savepoint);
  hooks.savable?.(() => resources.batcher.between(() => savepoint.bytes()));
  const job: Job = { request, hooks, resources, model, calls, look, counters, savepoint };
  const inputs = await prepareTexts(job, loading);
  const texts = await attributeTexts(job, inputs);
  const seconds = savepoint.earlierSeconds + (performance.now() - started) / 1000;
  return output(job, inputs, texts, { loadingSeconds, seconds });
}

export function lookOf({ signal, stopped }: EngineHooks): Look {
  return () => {
    signal.throwIfAborted();
    if (stopped?.()) throw new DOMException('the job was stopped', 'AbortError');
  };
}

/** Encodes all texts, and continues those whose output is not given, token by token together. */
export async function prepareTexts(
  job: Job,
  loading: (completed: number, total: number) => void,
): Promise<(Input | TextFault)[]> {
  const { request, model, look, resources } = job;
  const aligner = job.calls.alignsContrasts ? await resources.store.aligner(request.model, loading) : null;
  const indices = Array.from({ length: countTexts(request) }, (_, index) => index);
  const progress = new GeneratingProgress(job.hooks, indices.length);
  const passes = resources.passesOf(model);
  const { hiddenSize, numLayers } = model.model;
  // Keys and values of a text are kept while it is continued. A character makes at most about one token.
  const cacheBytes = (index: number): number => textLength(request, index) * 2 * hiddenSize * numLayers * 4;
  const prepare = (index: number): Promise<Input> =>
    resources.batcher.join(look, async (client) => {
      const input = await prepareInput({
        model,
        aligner,
        request,
        index,
        decoder: { forward: passes.forward, client },
        // Every text starts from the request's seed, so that a batch equals its texts one by one.
        random: new Random(request.seed),
        onProgress: (generated, wanted) => progress.report(index, generated, wanted),
        continuation: job.savepoint.continuation(index),
      });
      limitRawScores(job, input, indices.length);
      return input;
    });
  return eachText(indices, look, (texts) => resources.admission.settled(texts, cacheBytes, prepare));
}

function textLength(request: AttributeRequest, index: number): number {
  const prompt = request.messages?.[index].reduce((sum, { content }) => sum + content.length, 0);
  return (prompt ?? request.input_texts[index].length) + (request.generation_args.max_new_tokens ?? 0);
}

/** Attributes the texts that could be prepared, as many together as their scores fit into memory. */
export async function attributeTexts(
  job: Job,
  inputs: readonly (Input | TextFault)[],
): Promise<(AttributedText | TextFault)[]> {
  const { look, model, resources } = job;
  const indices = [...inputs.keys()].filter((index) => isThere(inputs[index]));
  const { savepoint } = job;
  const progress = new AttributingProgress(
    job.hooks,
    indices.map((index) => savepoint.fraction(index)),
  );
  // Scores of each dimension, and the tensors that they are read from.
  const scoreBytes = ({ sequence: { start, end, spans, sourceIds } }: Input): number =>
    (end + (sourceIds?.length ?? 0)) * (spans?.length ?? end - start) * model.model.hiddenSize * 4 * 2;
  const attributed = await eachText(indices, look, (texts) => {
    const items = texts.flatMap((index) => {
      const input = inputs[index];
      return isThere(input) ? [{ index, input, at: indices.indexOf(index) }] : [];
    });
    return resources.admission.settled(
      items,
      ({ input }) => scoreBytes(input),
      ({ index, input, at }) =>
        attributeOrRecall(job, input, index, (completed, total) => {
          progress.report(at, completed, total);
          savepoint.note(index, completed / total);
        }),
    );
  });
  return inputs.map((input, index) => (isThere(input) ? attributed[indices.indexOf(index)] : input));
}

/** A text's attribution, by this attempt or by an earlier one. */
async function attributeOrRecall(
  job: Job,
  input: Input,
  index: number,
  onProgress: (completed: number, total: number) => void,
): Promise<AttributedText> {
  const { savepoint, resources, look, request, hooks } = job;
  const known = savepoint.finished(index);
  const counters: Counters = known?.counters ?? { forward: 0, backward: 0 };
  try {
    if (known === null) {
      const own = { ...job, counters, journal: savepoint.open(index, counters) };
      const text = await resources.batcher.join(look, (client) => attributeText(own, input, index, client, onProgress));
      // Where nobody aggregates them otherwise, what the default makes of the scores is all that is needed.
      const { attribution, aggregated } = text;
      const all = request.aggregators === null ? { ...attribution, ...NO_SCORES } : attribution;
      const bytes = bytesOf(all) + bytesOf(aggregated);
      savepoint.finish(index, { text: { ...text, attribution: all }, counters }, bytes);
      return text;
    }
    if (request.target_spans === undefined) {
      new StepEvents(index, aggregationContext(job, input), hooks).again(known.text.aggregated);
    }
    onProgress(1, 1);
    return known.text;
  } catch (error) {
    savepoint.drop(index);
    throw error;
  } finally {
    job.counters.forward += counters.forward;
    job.counters.backward += counters.backward;
  }
}

const NO_SCORES = { sourceAttributions: null, targetAttributions: null, sequenceScores: {} };

function bytesOf({ sourceAttributions, targetAttributions, sequenceScores }: SequenceAttribution): number {
  const arrays = [sourceAttributions, targetAttributions, ...Object.values(sequenceScores)];
  return arrays.reduce((sum, array) => sum + (array?.data.byteLength ?? 0), 0);
}

/** Aggregates what the texts came to, and says how it was made. */
function output(
  job: Job,
  prepared: readonly (Input | TextFault)[],
  texts: readonly (AttributedText | TextFault)[],
  { loadingSeconds, seconds }: { loadingSeconds: number; seconds: number },
): EngineOutput {
  const { request, model, calls, counters, resources } = job;
  const inputs = prepared.map((input) => (isThere(input) ? input : null));
  const aggregated = aggregateTexts(job, inputs, texts);
  const faults = aggregated.filter((sequence) => sequence instanceof TextFault);
  if (faults.length === aggregated.length) throw faultOfAll(faults);
  for (const [index, fault] of aggregated.entries()) {
    if (fault instanceof TextFault && !fault.isExpected) job.hooks.textFailed?.(index, fault.reason);
  }
  const succeeded = texts.map((text, index) => (isThere(text) && isThere(aggregated[index]) ? text : undefined));
  const there = succeeded.filter((text) => text !== undefined);
  const chain = request.aggregators ?? there[0].defaultChain;
  const resolved: Resolved = { ...calls, request, model, method: calls.method.id, inputs };
  const { backend, versions } = resources.catalogue;
  const measured = succeeded.map((text) => text?.metrics);
  const info = resultInfo(resolved, {
    backend: backend.name,
    device: backend.device ?? 'cpu',
    aggregators: completeChain(chain),
    contrasts: there.flatMap(({ contrasts }) => contrasts),
    metrics: calls.metrics && metricsInfo(calls.metrics, measured, replacementOf(model)),
    seconds,
    counters,
    versions,
  });
  const raw = succeeded.map((text) => text?.attribution);
  const sequences = aggregated.map((sequence, index) => {
    if (!isThere(sequence)) return failedSequence(sequence);
    const own = measured[index];
    const metrics = calls.metrics && own && sequenceMetrics(calls.metrics, own);
    return { ...toResultSequence(sequence), ...(metrics && { metrics }) };
  });
  return {
    result: { sequences, info },
    difference: (original) => differenceOf(original, { sequences }),
    failedTexts: faults.length,
    fingerprint: resources.fingerprintOf(model),
    usage: { tokens: tokensOf(inputs), passes: counters.forward + counters.backward },
    measured: {
      // What is left of a job tells nothing of what one takes.
      effort: job.savepoint.isResumed ? null : effortOf(inputs.flatMap(effortText), counters),
      quantization: model.quantization,
      loadingSeconds,
      ...(job.savepoint.isResumed && {
        recomputedPasses: job.savepoint.passes - counters.forward - counters.backward,
      }),
    },
    // Inseq's columns are tokens.
    inseq: () =>
      request.target_spans
        ? 'null'
        : toInseqJson(aggregated.filter(isThere).map(withKindOfAxes), inseqInfo(resolved, raw, seconds)),
  };
}

/** The token that replaces others, as it is shown. */
export function replacementOf({ tokenizer, configIds }: ReadyModel): string | null {
  const id = baselineId(baselineSpecials(tokenizer.special, configIds));
  return id === null ? null : tokenizer.idToToken(id);
}

function effortText(input: Input | null): EffortText[] {
  if (input === null) return [];
  const { generation, generated, sequence } = input;
  return [
    {
      sourceLength: sequence.sourceIds?.length ?? 0,
      length: sequence.end - 1,
      start: sequence.start,
      steps: sequence.end - sequence.start,
      generated: generated * (generation?.options.numBeams ?? 1),
    },
  ];
}

export function tokensOf(inputs: readonly (Input | null)[]): number {
  const lengths = inputs.flatMap((input) => (input === null ? [] : [input.sequence]));
  return lengths.reduce((sum, { sourceIds, targetIds }) => sum + (sourceIds?.length ?? 0) + targetIds.length, 0);
}

/** Scores by the request's chain of aggregators, or by the method's default. */
function aggregateTexts(
  job: Job,
  inputs: readonly (Input | null)[],
  texts: readonly (AttributedText | TextFault)[],
): (SequenceAttribution | TextFault)[] {
  const { aggregators } = job.request;
  if (aggregators === null) return texts.map((text) => (isThere(text) ? text.aggregated : text));
  const outcomes = aggregateEach(
    texts.map((text) => (isThere(text) ? text.attribution : undefined)),
    aggregators,
    inputs.map((input) => (input === null ? undefined : aggregationContext(job, input))),
  );
  return texts.map((text, index) => {
    if (!isThere(text)) return text;
    const outcome = outcomes[index];
    return outcome === undefined || outcome instanceof Error ? new TextFault(outcome) : outcome;
  });
}
