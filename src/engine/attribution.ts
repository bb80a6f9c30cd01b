/** One request on its way to a result: arguments, inputs, scores, aggregation. */

import { setImmediate } from 'node:timers/promises';
import type { Aligner } from '../alignment/bert.ts';
import {
  type AggregatorCall,
  aggregate,
  completeChain,
  defaultAggregators,
} from '../attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../attribution/aggregation/aggregator.ts';
import { AttributionError } from '../attribution/errors.ts';
import type { Method, MethodScores } from '../attribution/method.ts';
import type { Counters } from '../attribution/passes/passes.ts';
import type { Registries } from '../attribution/registries.ts';
import { extraAxes, type SequenceAttribution, withKindOfAxes } from '../attribution/scores.ts';
import { type ResolvedContrast, SequenceScores, type StepCall } from '../attribution/sequence-scores.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { StepEvent } from '../contract/events.ts';
import type { ContrastInfo, Result } from '../contract/result.ts';
import { Random } from '../random.ts';
import { toInseqJson } from '../results/inseq.ts';
import { toResultSequence } from '../results/json.ts';
import { freeOnFailure } from '../tensors/failure.ts';
import { completed } from './arguments.ts';
import { contrastInfo } from './contrast-info.ts';
import { type Calls, inseqInfo, type Resolved, requestInfo } from './info.ts';
import { countTexts, type Input, prepareInput } from './inputs.ts';
import type { ModelStore, ReadyModel } from './model-store.ts';

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

const MB = 2 ** 20;
/** Activations of a micro-batch need no more than this to keep every core busy. */
const MOST_ACTIVATIONS = 2048 * MB;
const FEWEST_ACTIVATIONS = 64 * MB;
/** Raw per-dimension scores of a result. */
const MOST_RAW_SCORES = 20_000_000;

/** What requests are computed with. */
export interface Resources {
  store: ModelStore;
  registries: Registries;
  catalogue: Catalogue;
  /** Bytes for models and activations. */
  memoryBudget: number;
}

export class Attribution {
  readonly #request: AttributeRequest;
  readonly #hooks: EngineHooks;
  readonly #resources: Resources;
  readonly #counters: Counters = { forward: 0, backward: 0 };
  readonly #texts: number;

  constructor(request: AttributeRequest, hooks: EngineHooks, resources: Resources) {
    this.#request = request;
    this.#hooks = hooks;
    this.#resources = resources;
    this.#texts = countTexts(request);
  }

  async run(): Promise<EngineOutput> {
    const request = this.#request;
    const started = performance.now();
    const model = await this.#resources.store.get(request.model, (completed, total) => {
      this.#hooks.progress({ phase: 'loading', completed, total });
    });
    await this.#breathe();
    const method = this.#method();
    const calls: Calls = {
      methodArgs: completed(method.argsSchema, request.method_args, '#/method_args'),
      attributedFn: this.#call(request.attributed_fn, '#/attributed_fn'),
      stepScores: request.step_scores.map((call, position) => this.#call(call, `#/step_scores/${position}`)),
    };
    const aligner = await this.#aligner();
    const contrasts: ContrastInfo[] = [];
    const raw: SequenceAttribution[] = [];
    const inputs: Input[] = [];
    let chain: readonly AggregatorCall[] | null = request.aggregators;
    for (let index = 0; index < this.#texts; index++) {
      const input = await freeOnFailure(() => this.#prepare(model, aligner, index));
      this.#limitRaw(input, model);
      const { scores, attribution, resolved } = await freeOnFailure(() =>
        this.#attribute(model, method, calls, input, index),
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
    const resolved: Resolved = { request, model, method: method.id, ...calls, inputs };
    const { backend, versions } = this.#resources.catalogue;
    const info = {
      ...requestInfo(resolved),
      backend: backend.name,
      aggregators: chain && completeChain(chain),
      ...(contrasts.length > 0 && { contrasts }),
      seconds: Math.round(seconds * 1e4) / 1e4,
      forward_passes: this.#counters.forward,
      backward_passes: this.#counters.backward,
      versions,
    };
    return {
      result: { sequences: sequences.map(toResultSequence), info },
      inseq: () => toInseqJson(sequences.map(withKindOfAxes), inseqInfo(resolved, raw, seconds)),
    };
  }

  #method(): Method {
    const method = this.#resources.registries.methods.get(this.#request.method);
    if (method === undefined) {
      const known = [...this.#resources.registries.methods.keys()].join(', ');
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
    const fn = this.#resources.registries.stepFunctions.get(name);
    if (fn === undefined) {
      const known = [...this.#resources.registries.stepFunctions.keys()].join(', ');
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
    return this.#resources.store.aligner(model, (completed, total) => {
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
    { methodArgs, attributedFn, stepScores }: Calls,
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
      const passes = await scores.passes(attributedFn, method.needsGradient);
      const attributeTarget = model.model.architecture === 'decoder-only' || request.attribute_target;
      let found: MethodScores;
      try {
        found = await method.attribute({
          passes,
          args: methodArgs,
          attributeTarget,
          random: random.fork(),
          onProgress: tick,
        });
      } finally {
        passes.dispose();
      }
      const values: Record<string, Float32Array> = {};
      for (const [position, call] of stepScores.entries()) {
        const name = call.fn.id in values ? `${call.fn.id}_${position + 1}` : call.fn.id;
        values[name] = await scores.score(call);
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
          stepScores: values,
          sequenceScores: found.sequenceScores ?? {},
          convergenceDelta: found.convergenceDelta ?? null,
          ...(found.axes && { axes: found.axes }),
          ...(found.layers && { layers: found.layers }),
          ...(found.diagnostics && { diagnostics: found.diagnostics }),
        },
      };
    } finally {
      scores.dispose();
    }
  }

  #activationBudget(): number {
    const free = this.#resources.memoryBudget - this.#resources.store.loadedBytes;
    return Math.max(FEWEST_ACTIVATIONS, Math.min(MOST_ACTIVATIONS, free / 2));
  }

  /** Refuses scores that could not be held or sent, with the numbers. */
  #limitRaw({ sequence, source }: Input, { model }: ReadyModel): void {
    const { start, end } = sequence;
    const cells = (end + source.length) * (end - start);
    const numbers = cells * model.hiddenSize * this.#texts;
    const raw = this.#request.aggregators?.length === 0;
    const limit = raw ? MOST_RAW_SCORES : this.#resources.memoryBudget / 16;
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
    const { stepFunctions } = this.#resources.registries;
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

  /** Lets the process's other events run, and stops when the job was canceled. */
  async #breathe(): Promise<void> {
    await setImmediate();
    this.#hooks.signal.throwIfAborted();
  }
}
