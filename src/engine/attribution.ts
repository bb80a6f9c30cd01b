/** One request on its way to a result: prepare its texts, attribute them, aggregate their scores, say how it was done. */

import { type AggregatorCall, aggregate, completeChain } from '../attribution/aggregation/aggregate.ts';
import type { Counters, SharedPasses } from '../attribution/passes/passes.ts';
import type { Registries } from '../attribution/registries.ts';
import { type SequenceAttribution, withKindOfAxes } from '../attribution/scores.ts';
import { type DynamicBatcher, type Look, yieldToEventLoop } from '../batching/dynamic-batcher.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { ContrastInfo, Result } from '../contract/result.ts';
import { Random } from '../random.ts';
import { toInseqJson } from '../results/inseq.ts';
import { toResultSequence } from '../results/json.ts';
import type { Admission } from './admission.ts';
import { type AttributedText, aggregationContext, attributeText } from './attribute-text.ts';
import { type ResolvedCalls, resolveCalls } from './calls.ts';
import { inseqInfo, type Resolved, resultInfo } from './info.ts';
import { countTexts, type Input, prepareInput } from './inputs.ts';
import { limitRawScores } from './limits.ts';
import type { ModelStore, ReadyModel } from './model-store.ts';
import { AttributingProgress, GeneratingProgress } from './progress.ts';

export interface EngineHooks {
  progress(progress: { phase: 'loading' | 'generating' | 'attributing'; completed: number; total: number }): void;
  /** One generated token's column, aggregated by the method's default; columns leave as they are finished. */
  step(step: StepEvent): void;
  /** Aborted when the job was stopped; seen between micro-batches. */
  signal: AbortSignal;
  /** Whether the job was stopped, as far as can be told without the event loop: asked between ops. */
  stopped?: () => boolean;
}

export interface EngineOutput {
  result: Omit<Result, 'job_id'>;
  /** The JSON that `inseq.FeatureAttributionOutput.load` reads. */
  inseq(): string;
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
}

/**
 * Runs a request.
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
  await yieldToEventLoop(look);
  const calls = resolveCalls(request, resources.registries);
  const counters: Counters = { forward: 0, backward: 0 };
  const job: Job = { request, hooks, resources, model, calls, look, counters };
  const inputs = await prepareTexts(job, loading);
  const texts = await attributeTexts(job, inputs);
  return output(job, inputs, texts, (performance.now() - started) / 1000);
}

function lookOf({ signal, stopped }: EngineHooks): Look {
  return () => {
    signal.throwIfAborted();
    if (stopped?.()) throw new DOMException('the job was stopped', 'AbortError');
  };
}

/** Encodes all texts, and continues those whose output is not given, token by token together. */
async function prepareTexts(job: Job, loading: (completed: number, total: number) => void): Promise<Input[]> {
  const { request, model, look, resources } = job;
  const aligner = job.calls.alignsContrasts ? await resources.store.aligner(request.model, loading) : null;
  const indices = Array.from({ length: countTexts(request) }, (_, index) => index);
  const progress = new GeneratingProgress(job.hooks, indices.length);
  const passes = resources.passesOf(model);
  const { hiddenSize, numLayers } = model.model;
  // Keys and values of a text are kept while it is continued. A character makes at most about one token.
  const cacheBytes = (index: number): number => textLength(request, index) * 2 * hiddenSize * numLayers * 4;
  return resources.admission.all(indices, cacheBytes, (index) =>
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
      });
      limitRawScores(job, input, indices.length);
      return input;
    }),
  );
}

function textLength(request: AttributeRequest, index: number): number {
  const prompt = request.messages?.[index].reduce((sum, { content }) => sum + content.length, 0);
  return (prompt ?? request.input_texts[index].length) + (request.generation_args.max_new_tokens ?? 0);
}

/** Attributes all texts, as many together as their scores fit into memory. */
async function attributeTexts(job: Job, inputs: readonly Input[]): Promise<AttributedText[]> {
  const { look, model, resources } = job;
  const progress = new AttributingProgress(job.hooks, inputs.length);
  const indices = inputs.map((_, index) => index);
  // Scores of each dimension, and the tensors that they are read from.
  const scoreBytes = (index: number): number => {
    const { start, end, sourceIds } = inputs[index].sequence;
    return (end + (sourceIds?.length ?? 0)) * (end - start) * model.model.hiddenSize * 4 * 2;
  };
  return resources.admission.all(indices, scoreBytes, (index) =>
    resources.batcher.join(look, (client) =>
      attributeText(job, inputs[index], index, client, (completed, total) => progress.report(index, completed, total)),
    ),
  );
}

/** Aggregates what the texts came to, and says how it was made. */
function output(job: Job, inputs: readonly Input[], texts: readonly AttributedText[], seconds: number): EngineOutput {
  const { request, model, calls, counters, resources } = job;
  const raw = texts.map(({ attribution }) => attribution);
  const chain: readonly AggregatorCall[] | null = request.aggregators ?? texts[0]?.defaultChain ?? null;
  const sequences: SequenceAttribution[] =
    request.aggregators === null
      ? texts.map(({ aggregated }) => aggregated)
      : aggregate(
          raw,
          request.aggregators,
          inputs.map((input) => aggregationContext(job, input)),
        );
  const contrasts: ContrastInfo[] = texts.flatMap((text) => text.contrasts);
  const resolved: Resolved = { ...calls, request, model, method: calls.method.id, inputs };
  const { backend, versions } = resources.catalogue;
  const info = resultInfo(resolved, {
    backend: backend.name,
    aggregators: chain && completeChain(chain),
    contrasts,
    seconds,
    counters,
    versions,
  });
  return {
    result: { sequences: sequences.map(toResultSequence), info },
    inseq: () => toInseqJson(sequences.map(withKindOfAxes), inseqInfo(resolved, raw, seconds)),
  };
}
