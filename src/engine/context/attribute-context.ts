/** One request about a context on its way to a result: PECoRe on texts, or citations of documents. */

import type { Counters } from '../../attribution/passes/passes.ts';
import type { Registries } from '../../attribution/registries.ts';
import { yieldToEventLoop } from '../../batching/dynamic-batcher.ts';
import type { AttributeContextRequest } from '../../contract/attribute-context-request.ts';
import type { ContextInfo, ContextReliance, ContextResult, Sources } from '../../contract/attribute-context-result.ts';
import { type Effort, effortOf } from '../../effort.ts';
import { Random } from '../../random.ts';
import { differenceOf } from '../../results/difference.ts';
import { completed } from '../arguments.ts';
import { type EngineHooks, type EngineOutput, lookOf, type Resources } from '../attribution.ts';
import { memberOf, stepCall } from '../calls.ts';
import { modelInfo } from '../info.ts';
import type { Answer, AnswerOptions } from './answer.ts';
import type { ContextCalls, ContextJob } from './context-job.ts';
import { citeDocuments } from './documents.ts';
import { describeReliance, relianceOn } from './reliance.ts';
import { answerOfTexts } from './texts.ts';

/** What came of a request. */
interface Outcome {
  answer: Pick<Answer, 'generation' | 'reencoded' | 'contextual' | 'positions'>;
  context: ContextReliance | null;
  sources: Sources | null;
  /** Copies of the prompt that were run changed, and the rows that they computed and shared. */
  copies: { count: number; computed: number; shared: number };
}

/** @throws {AttributionError} when the request is at fault; the signal's reason when the job was stopped */
export async function attributeContext(
  request: AttributeContextRequest,
  hooks: EngineHooks,
  resources: Resources,
): Promise<EngineOutput<ContextResult>> {
  const started = performance.now();
  const look = lookOf(hooks);
  const model = await resources.store.get(request.model, (done, total) => {
    look();
    hooks.progress({ phase: 'loading', completed: done, total });
  });
  const loadingSeconds = (performance.now() - started) / 1000;
  await yieldToEventLoop(look);
  const calls = resolveCalls(request, resources.registries);
  const counters: Counters = { forward: 0, backward: 0 };
  const outcome = await resources.batcher.join(look, (client) =>
    run({ request, hooks, resources, model, calls, client, look, counters }),
  );
  const { context, sources } = outcome;
  const info = infoOf({ request, model, resources, calls, counters }, outcome, (performance.now() - started) / 1000);
  return {
    result: { kind: 'attribute-context', context, sources, info },
    difference: (original) => differenceOf(original, { context, sources }),
    failedTexts: 0,
    fingerprint: resources.fingerprintOf(model),
    measured: { effort: effortOfAnswer(outcome.answer, counters), quantization: model.quantization, loadingSeconds },
    usage: { tokens: tokensOf(outcome.answer), passes: counters.forward + counters.backward },
    inseq: () => JSON.stringify(context && inseqForm(context, info)),
  };
}

export function resolveCalls(request: AttributeContextRequest, registries: Registries): ContextCalls {
  const method = memberOf(registries.methods, request.method, { code: 'unknown_method', what: 'method' }, '#/method');
  return {
    method,
    methodArgs: completed(method.argsSchema, request.method_args, '#/method_args'),
    attributedFn: stepCall(registries, request.attributed_fn, '#/attributed_fn'),
    metric: stepCall(registries, request.context_sensitivity_metric, '#/context_sensitivity_metric'),
  };
}

async function run(job: ContextJob): Promise<Outcome> {
  const { request, hooks, model, client } = job;
  const options: AnswerOptions = {
    model,
    random: new Random(request.seed),
    decoder: { forward: job.resources.passesOf(model).forward, client },
    onProgress: (done, wanted) => hooks.progress({ phase: 'generating', completed: done, total: wanted }),
  };
  if (request.documents !== null) return citeDocuments({ ...job, request }, options);
  const answer = await answerOfTexts(request, options);
  const reliance = await relianceOn(job, answer, (done, total) =>
    hooks.progress({ phase: 'attributing', completed: done, total }),
  );
  const context = describeReliance(job, answer, reliance);
  return { answer, context, sources: null, copies: { count: 0, computed: 0, shared: 0 } };
}

function infoOf(
  { request, model, resources, calls, counters }: Omit<ContextJob, 'hooks' | 'client' | 'look'>,
  { answer, copies }: Outcome,
  seconds: number,
): ContextInfo {
  const { backend, versions } = resources.catalogue;
  const { approach } = request;
  const usesMethod = approach === 'pecore' || approach === 'tokens';
  return {
    ...modelInfo(model, request.model),
    backend: backend.name,
    approach,
    method: usesMethod ? calls.method.id : null,
    reencoded: answer.reencoded,
    perturbed_copies: copies.count,
    rows_computed: copies.computed,
    rows_shared: copies.shared,
    generation_args: answer.generation === null ? null : request.generation_args,
    seed: request.seed,
    request: asBody(request),
    seconds: Math.round(seconds * 1e4) / 1e4,
    forward_passes: counters.forward,
    backward_passes: counters.backward,
    versions,
  };
}

const tokensOf = ({ contextual: { sourceIds, targetIds } }: Outcome['answer']): number =>
  (sourceIds?.length ?? 0) + targetIds.length;

/** What the seconds follow from, as a quote foresees it (quotes/context.ts). */
function effortOfAnswer({ contextual, positions, generation }: Outcome['answer'], counters: Counters): Effort {
  const { sourceIds, targetIds } = contextual;
  const text = {
    sourceLength: sourceIds?.length ?? 0,
    length: targetIds.length - 1,
    start: positions[0],
    steps: positions.length,
    generated: generation === null ? 0 : positions.length * generation.options.numBeams,
  };
  return effortOf([text], counters);
}

/** The request as a body: what may be left out is, where it is null. */
function asBody(request: AttributeContextRequest): ContextInfo['request'] {
  const { kind: _kind, priority: _priority, webhook: _webhook, metadata: _metadata, ...asked } = request;
  const { approach, documents, ...rest } = asked;
  const given: Partial<Record<string, unknown>> = withoutNulls(rest);
  return {
    ...given,
    model: request.model,
    ...(documents !== null && { approach, documents: documents.map(withoutNulls) }),
  };
}

type WithoutNulls<Of> = { [Name in keyof Of as null extends Of[Name] ? never : Name]: Of[Name] } & {
  [Name in keyof Of as null extends Of[Name] ? Name : never]?: Exclude<Of[Name], null>;
};

const withoutNulls = <Of extends object>(object: Of): WithoutNulls<Of> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as WithoutNulls<Of>;

/** What `inseq.commands.attribute_context.AttributeContextOutput.from_dict` reads. */
function inseqForm({ cti_threshold: _, ...context }: ContextReliance, info: ContextInfo): object {
  const { method, request } = info;
  return { ...context, info: { ...request, model_name_or_path: request.model, attribution_method: method } };
}
