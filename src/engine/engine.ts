/**
 * The engine: takes a request, gives a result. It knows models, methods and results, but no queue and no HTTP.
 */

import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Value } from 'typebox/value';
import { type AggregatorCall, aggregate, defaultAggregators, extraAxes } from '../attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../attribution/aggregation/aggregator.ts';
import { AttributionError } from '../attribution/errors.ts';
import type { Method, MethodScores } from '../attribution/method.ts';
import type { SequenceAttribution } from '../attribution/output.ts';
import type { Counters } from '../attribution/passes.ts';
import { loadRegistries, type Registries } from '../attribution/registries.ts';
import { type ResolvedContrast, SequenceScores, type StepCall } from '../attribution/step-context.ts';
import { resolveModelDir } from '../checkpoints/hub.ts';
import { readAligner, readModelsFile } from '../checkpoints/models-file.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { ContrastInfo, Result } from '../contract/result.ts';
import { Random } from '../generation/random.ts';
import { type Aligner, checkAligner } from '../models/aligner.ts';
import { type InseqInfo, toInseqJson } from '../results/inseq.ts';
import { toResultSequence } from '../results/json.ts';
import { startBackend } from '../tensors/backend.ts';
import { freeOnFailure } from '../tensors/failure.ts';
import { buildCatalogue } from './catalogue.ts';
import { contrastInfo } from './contrast-info.ts';
import { countTexts, type Input, prepareInput } from './inputs.ts';
import { ModelStore, type ReadyModel } from './model-store.ts';

/** What the engine reads of the configuration. */
export interface EngineConfig {
  modelsFile: string;
  backend: 'auto' | 'tensorflow' | 'wasm';
  threads: number;
  pool: string;
  memoryBudgetMb: number;
  plugins: string[];
}

export interface EngineHooks {
  progress(progress: { phase: 'loading' | 'generating' | 'attributing'; completed: number; total: number }): void;
  /** One generated token's column, aggregated by the method's default. */
  step(step: StepEvent): void;
  /** Read between micro-batches. */
  signal: AbortSignal;
}

export interface EngineOutput {
  result: Omit<Result, 'job_id'>;
  /** The JSON that `inseq.FeatureAttributionOutput.load` reads. */
  inseq(): string;
}

export interface Engine {
  catalogue(): Catalogue;
  loadedModels(): string[];
  warm(modelId: string): Promise<void>;
  /** @throws {AttributionError} when the request is at fault; the signal's reason when it was aborted */
  attribute(request: AttributeRequest, hooks: EngineHooks): Promise<EngineOutput>;
  close(): Promise<void>;
}

const MB = 2 ** 20;
/** Activations of a micro-batch need no more than this to keep every core busy. */
const MOST_ACTIVATIONS = 2048 * MB;
const FEWEST_ACTIVATIONS = 64 * MB;
/** Raw per-dimension scores of a result. */
const MOST_RAW_SCORES = 20_000_000;

export async function startEngine(config: EngineConfig): Promise<Engine> {
  const backend = await startBackend(config.backend, { threads: config.threads });
  const registries = await loadRegistries(config.plugins);
  const entries = readModelsFile(config.modelsFile).filter(({ pool }) => pool === config.pool);
  if (entries.length === 0) {
    throw new Error(`${config.modelsFile} has no model of the pool "${config.pool}"; add one or set WHENCE_POOL`);
  }
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const versions = { whence: String(version), node: process.versions.node, backend: backend.version };
  const catalogue = await buildCatalogue(entries, registries, backend, versions);
  const aligner = readAligner(config.modelsFile);
  if (aligner !== null) checkAligner(await resolveModelDir(aligner));
  const store = new ModelStore(entries, aligner, config.memoryBudgetMb * MB);
  // One request at a time: the device is one, and so is the account of its memory.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  return {
    catalogue: () => catalogue,
    loadedModels: () => store.loaded(),
    warm: (id) =>
      inTurn(async () => {
        await store.get(id, () => {});
      }),
    attribute: (request, hooks) =>
      inTurn(() => new Attribution(request, hooks, store, registries, config, catalogue).run()),
    close: async () => store.dispose(),
  };
}

/** One request on its way to a result. */
class Attribution {
  readonly #request: AttributeRequest;
  readonly #hooks: EngineHooks;
  readonly #store: ModelStore;
  readonly #registries: Registries;
  readonly #config: EngineConfig;
  readonly #catalogue: Catalogue;
  readonly #counters: Counters = { forward: 0, backward: 0 };
  readonly #texts: number;

  constructor(
    request: AttributeRequest,
    hooks: EngineHooks,
    store: ModelStore,
    registries: Registries,
    config: EngineConfig,
    catalogue: Catalogue,
  ) {
    this.#request = request;
    this.#hooks = hooks;
    this.#store = store;
    this.#registries = registries;
    this.#config = config;
    this.#catalogue = catalogue;
    this.#texts = countTexts(request);
  }

  async run(): Promise<EngineOutput> {
    const request = this.#request;
    const started = performance.now();
    const model = await this.#store.get(request.model, (completed, total) => {
      this.#hooks.progress({ phase: 'loading', completed, total });
    });
    await this.#breathe();
    const method = this.#method();
    const methodArgs = completed(method.argsSchema, request.method_args, '#/method_args');
    const aligner = await this.#aligner();
    const contrasts: ContrastInfo[] = [];
    const raw: SequenceAttribution[] = [];
    const inputs: Input[] = [];
    let chain: readonly AggregatorCall[] | null = request.aggregators;
    for (let index = 0; index < this.#texts; index++) {
      const input = await freeOnFailure(() => this.#prepare(model, aligner, index));
      this.#limitRaw(input, model);
      const { scores, attribution, resolved } = await freeOnFailure(() =>
        this.#attribute(model, method, methodArgs, input, index),
      );
      contrasts.push(...contrastInfo(resolved, index, attribution.attrPosStart, model.tokenizer));
      chain ??= scores.aggregators ?? defaultAggregators(attribution.kind, extraAxes(attribution));
      raw.push(attribution);
      inputs.push(input);
      this.#emitSteps(attribution, scores, input, index);
    }
    const contexts = inputs.map((input) => this.#context(input));
    const sequences = aggregate(raw, chain, contexts);
    const seconds = (performance.now() - started) / 1000;
    const info = {
      ...this.#info(model, method, methodArgs, inputs),
      aggregators: chain,
      ...(contrasts.length > 0 && { contrasts }),
      seconds: Math.round(seconds * 1e4) / 1e4,
      forward_passes: this.#counters.forward,
      backward_passes: this.#counters.backward,
      versions: this.#catalogue.versions,
    };
    return {
      result: { sequences: sequences.map(toResultSequence), info },
      inseq: () => toInseqJson(sequences, inseqInfo(request, model, methodArgs, inputs, raw, seconds)),
    };
  }

  #method(): Method {
    const method = this.#registries.methods.get(this.#request.method);
    if (method === undefined) {
      const known = [...this.#registries.methods.keys()].join(', ');
      throw new AttributionError(
        'unknown_method',
        `there is no method "${this.#request.method}"; there are ${known}`,
        '#/method',
      );
    }
    return method;
  }

  /** The step function of a call, its arguments completed. */
  #call({ name, args }: CompleteCall, pointer: string): StepCall {
    const fn = this.#registries.stepFunctions.get(name);
    if (fn === undefined) {
      const known = [...this.#registries.stepFunctions.keys()].join(', ');
      throw new AttributionError(
        'unknown_step_function',
        `there is no step function "${name}"; there are ${known}`,
        pointer,
      );
    }
    return { fn, args: completed(fn.argsSchema, args, `${pointer}/args`), pointer: `${pointer}/args` };
  }

  /** The encoder that aligns contrast texts, where the request has some that are aligned automatically. */
  async #aligner(): Promise<Aligner | null> {
    const { model, attributed_fn: attributed, step_scores: scores } = this.#request;
    if (![attributed, ...scores].some(({ args }) => args.contrast_targets_alignments === 'auto')) return null;
    return this.#store.aligner(model, (completed, total) => {
      this.#hooks.progress({ phase: 'loading', completed, total });
    });
  }

  async #prepare(model: ReadyModel, aligner: Aligner | null, index: number): Promise<Input> {
    return prepareInput({
      model,
      aligner,
      request: this.#request,
      index,
      // Every text starts from the request's seed, so that a batch equals its texts one by one.
      random: new Random(this.#request.seed),
      tick: async (generated, wanted) => {
        this.#hooks.progress({
          phase: 'generating',
          completed: index * wanted + generated,
          total: this.#texts * wanted,
        });
        await this.#breathe();
      },
    });
  }

  async #attribute(
    model: ReadyModel,
    method: Method,
    methodArgs: Record<string, unknown>,
    input: Input,
    index: number,
  ): Promise<{ scores: MethodScores; attribution: SequenceAttribution; resolved: readonly ResolvedContrast[] }> {
    const request = this.#request;
    const random = new Random(request.seed).fork();
    const scores = new SequenceScores({
      model: model.model,
      sequence: input.sequence,
      texts: input.contrast,
      random,
      counters: this.#counters,
      memoryBudget: this.#activationBudget(),
      breathe: () => this.#breathe(),
    });
    const tick = async (completed: number, total: number): Promise<void> => {
      this.#hooks.progress({ phase: 'attributing', completed: index * total + completed, total: this.#texts * total });
      await this.#breathe();
    };
    try {
      await tick(0, 1);
      const passes = await scores.passes(this.#call(request.attributed_fn, '#/attributed_fn'), method.needsGradient);
      const attributeTarget = model.model.architecture === 'decoder-only' || request.attribute_target;
      let found: MethodScores;
      try {
        found = await method.attribute({ passes, args: methodArgs, attributeTarget, random: random.fork(), tick });
      } finally {
        passes.dispose();
      }
      const stepScores: Record<string, Float32Array> = {};
      for (const [position, call] of request.step_scores.entries()) {
        const name = call.name in stepScores ? `${call.name}_${position + 1}` : call.name;
        stepScores[name] = await scores.score(this.#call(call, `#/step_scores/${position}`));
      }
      await tick(1, 1);
      const { start, end } = input.sequence;
      return {
        scores: found,
        resolved: scores.contrasts,
        attribution: {
          kind: found.kind,
          source: input.source,
          target: input.target,
          attrPosStart: start,
          attrPosEnd: end,
          sourceAttributions: found.source,
          targetAttributions: found.target,
          stepScores,
          sequenceScores: found.sequenceScores ?? {},
          convergenceDelta: found.convergenceDelta ?? null,
          ...(found.axes && { axes: found.axes }),
          ...(found.diagnostics && { diagnostics: found.diagnostics }),
        },
      };
    } finally {
      scores.dispose();
    }
  }

  #activationBudget(): number {
    const free = this.#config.memoryBudgetMb * MB - this.#store.loadedBytes;
    return Math.max(FEWEST_ACTIVATIONS, Math.min(MOST_ACTIVATIONS, free / 2));
  }

  /** Refuses scores that could not be held or sent, with the numbers. */
  #limitRaw({ sequence, source }: Input, { model }: ReadyModel): void {
    const { start, end } = sequence;
    const cells = (end + source.length) * (end - start);
    const numbers = cells * model.hiddenSize * this.#texts;
    const raw = this.#request.aggregators?.length === 0;
    const limit = raw ? MOST_RAW_SCORES : (this.#config.memoryBudgetMb * MB) / 16;
    if (numbers <= limit) return;
    throw new AttributionError(
      'too_many_scores',
      `${end + source.length} tokens x ${end - start} steps x ${model.hiddenSize} dimensions are ${numbers} scores, ` +
        `and at most ${Math.floor(limit)} fit; attribute fewer tokens by attr_pos_start and attr_pos_end` +
        (raw ? ', or leave aggregators out' : ''),
      '#/attr_pos_start',
    );
  }

  #context({ texts }: Input): AggregationContext {
    const { stepFunctions } = this.#registries;
    const calls = this.#request.step_scores.map(({ name }) => name);
    return {
      texts,
      spanAggregation: Object.fromEntries(
        calls.map((name) => [name, stepFunctions.get(name)?.spanAggregation ?? 'absmax']),
      ),
    };
  }

  #emitSteps(attribution: SequenceAttribution, scores: MethodScores, input: Input, index: number): void {
    const [whole] = aggregate([attribution], scores.aggregators ?? null, [this.#context(input)]);
    const { source_attributions, target_attributions, step_scores, target } = toResultSequence(whole);
    const column = <T>(rows: T[][] | null, t: number): T[] | null => rows?.map((row) => row[t]) ?? null;
    for (let position = attribution.attrPosStart; position < attribution.attrPosEnd; position++) {
      const t = position - attribution.attrPosStart;
      this.#hooks.step({
        sequence: index,
        position,
        token: target[position],
        source_attributions: column(source_attributions, t),
        target_attributions: column(target_attributions, t),
        step_scores: Object.fromEntries(Object.entries(step_scores).map(([name, values]) => [name, values[t]])),
      });
    }
  }

  #info(model: ReadyModel, method: Method, methodArgs: Record<string, unknown>, inputs: Input[]) {
    const request = this.#request;
    const fn = this.#call(request.attributed_fn, '#/attributed_fn');
    return {
      model: request.model,
      model_type: model.model.modelType,
      model_hash: model.hashes.model,
      tokenizer_hash: model.hashes.tokenizer,
      quantization: model.quantization,
      backend: this.#catalogue.backend.name,
      method: method.id,
      method_args: methodArgs,
      attributed_fn: fn.fn.id,
      attributed_fn_args: fn.args,
      step_scores: request.step_scores.map((call, position) => {
        const { fn: score, args } = this.#call(call, `#/step_scores/${position}`);
        return { name: score.id, args };
      }),
      attribute_target: model.model.architecture === 'decoder-only' || request.attribute_target,
      include_eos_baseline: request.include_eos_baseline,
      generation_args: request.generated_texts === null ? request.generation_args : null,
      src_lang: request.src_lang,
      tgt_lang: request.tgt_lang,
      input_texts: request.messages === null ? request.input_texts : null,
      generated_texts: inputs.map(({ generatedText }) => generatedText),
      seed: request.seed,
    };
  }

  /** Lets the process's other events run, and stops when the job was canceled. */
  async #breathe(): Promise<void> {
    await setImmediate();
    this.#hooks.signal.throwIfAborted();
  }
}

/** Arguments with their defaults. @throws {AttributionError} naming the first that does not fit */
function completed(schema: Method['argsSchema'], args: Record<string, unknown>, pointer: string) {
  const complete = Value.Default(schema, structuredClone(args)) as Record<string, unknown>;
  const [fault] = Value.Errors(schema, complete);
  if (fault !== undefined) throw new AttributionError('invalid_args', fault.message, `${pointer}${fault.instancePath}`);
  return complete;
}

function inseqInfo(
  request: AttributeRequest,
  model: ReadyModel,
  methodArgs: Record<string, unknown>,
  inputs: Input[],
  raw: SequenceAttribution[],
  seconds: number,
): InseqInfo {
  const { architectures } = model.config;
  return {
    attribution_method: request.method,
    attr_pos_start: raw[0]?.attrPosStart ?? null,
    attr_pos_end: raw[0]?.attrPosEnd ?? null,
    attribute_target: request.attribute_target,
    attributed_fn: `${request.attributed_fn.name}_fn`,
    attributed_fn_args: request.attributed_fn.args,
    attribution_args: methodArgs,
    constrained_decoding: request.generated_texts !== null,
    exec_time: seconds,
    generate_from_target_prefix: false,
    generated_texts: inputs.map(({ texts }) => texts.target),
    generation_args: request.generation_args,
    include_eos_baseline: request.include_eos_baseline,
    input_texts: request.input_texts,
    model_class: Array.isArray(architectures) ? String(architectures[0]) : model.model.modelType,
    model_name: request.model,
    output_step_attributions: false,
    step_scores: request.step_scores.map(({ name }) => name),
    step_scores_args: Object.assign({}, ...request.step_scores.map(({ args }) => args)),
    tokenizer_class: model.tokenizer.tokenizerClass,
    tokenizer_name: request.model,
  };
}
