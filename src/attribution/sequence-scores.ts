/** What step functions see of one sequence: its logits, noisy ones, those of other inputs, and its contrast texts. */

import type { LanguageModel } from '../models/model.ts';
import type { Random } from '../random.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { AttributionError, located } from './errors.ts';
import { DropoutMasks, frozenMasks } from './passes/dropout.ts';
import { EnsemblePasses } from './passes/ensemble-passes.ts';
import { type Counters, Passes, type Sequence } from './passes/passes.ts';
import type {
  Alternative,
  Contrast,
  ContrastArgs,
  Ensemble,
  Scorer,
  StepContext,
  StepFunction,
} from './step-function.ts';
import { type ContrastTexts, resolveContrast } from './step-functions/parts/contrast-inputs.ts';

/** Copies of the network that are run from one set of features at most; longer runs are split. */
const NOISY_COPIES = 64;

/** What all step functions of one sequence share. */
export interface SequenceSetting {
  model: LanguageModel;
  sequence: Sequence;
  texts: ContrastTexts;
  /** Each step function draws from a fork of it, in the order in which they are prepared. */
  random: Random;
  counters: Counters;
  /** Bytes that the activations of a micro-batch may take. */
  memoryBudget: number;
  /** Awaited between micro-batches; throws when the job was canceled. */
  breathe: () => Promise<void>;
}

/** A step function of a request, with its arguments validated and completed. */
export interface StepCall {
  fn: StepFunction;
  args: Record<string, unknown>;
  /** JSON pointer to the arguments in the request, for errors. */
  pointer: string;
}

/** A contrast that a step function was prepared with. */
export interface ResolvedContrast extends Contrast {
  /** Id of the step function. */
  fn: string;
  role: StepContext['role'];
}

/** The logits of one sequence, shared by all its step functions. Dispose when the sequence is done. */
export class SequenceScores {
  readonly targets: Int32Array;
  /** What the contrast arguments of its step functions came to, in the order in which they were prepared. */
  readonly contrasts: ResolvedContrast[] = [];
  readonly #setting: SequenceSetting;
  readonly #kept: Tensor[] = [];
  readonly #alternatives = new Map<string, Tensor2D>();
  #clean: Tensor2D | null = null;

  constructor(setting: SequenceSetting) {
    this.#setting = setting;
    this.targets = setting.sequence.targetIds.slice(setting.sequence.start, setting.sequence.end);
  }

  /**
   * Passes over the sequence for a step function as the attributed function. The caller disposes them.
   * @throws {AttributionError} when its arguments do not fit the sequence, or it has no gradient and one is needed
   */
  async passes(call: StepCall, needsGradient: boolean): Promise<Passes> {
    if (needsGradient && !call.fn.differentiable) {
      const message = `${call.fn.id} has no gradient: use a perturbation method, or report it in step_scores`;
      throw new AttributionError('not_differentiable', message, '#/attributed_fn');
    }
    return this.#passesFor(await this.#prepare(call, 'attribute'));
  }

  /**
   * Step scores of the sequence, one value a step: [steps]
   * @throws {AttributionError} when its arguments do not fit the sequence
   */
  async score(call: StepCall): Promise<Float32Array> {
    const prepared = await this.#prepare(call, 'score');
    await this.#setting.breathe();
    const { targets } = this;
    if (typeof prepared === 'function') {
      const steps = Int32Array.from(targets.keys());
      return tf.tidy(() => prepared({ logits: this.#cleanLogits(), steps, targets }).dataSync()) as Float32Array;
    }
    const passes = this.#passesFor(prepared);
    const scores = await passes.evaluate(passes.clean);
    passes.dispose();
    return scores;
  }

  async #prepare({ fn, args, pointer }: StepCall, role: StepContext['role']): Promise<Scorer | Ensemble> {
    try {
      return await fn.prepare(this.#context(fn.id, role), args);
    } catch (error) {
      throw located(error, pointer);
    }
  }

  #context(fn: string, role: StepContext['role']): StepContext {
    const { sequence, texts } = this.#setting;
    const random = this.#setting.random.fork();
    return {
      role,
      targets: this.targets,
      random,
      own: this.#own(),
      cleanLogits: () => this.#cleanLogits(),
      noisyScores: (samples, scorer) => this.#noisyScores(samples, scorer, random),
      noisyVariants: (samples) => Array.from({ length: samples }, () => frozenMasks(random.integer(2 ** 31))),
      alternativeLogits: (alternative) => this.#alternativeLogits(alternative),
      contrast: (args: ContrastArgs): Contrast => {
        const contrast = resolveContrast(args, sequence, texts);
        this.contrasts.push({ fn, role, ...contrast });
        return contrast;
      },
      keep: (tensor) => this.#keep(tensor),
    };
  }

  #keep<T extends Tensor>(tensor: T): T {
    this.#kept.push(tf.keep(tensor));
    return tensor;
  }

  #own(): Required<Alternative> {
    const { sourceIds, targetIds, start, end } = this.#setting.sequence;
    return { sourceIds, targetIds, read: Int32Array.from({ length: end - start }, (_, t) => start + t - 1) };
  }

  #cleanLogits(): Tensor2D {
    this.#clean ??= this.#alternativeLogits(this.#own());
    return this.#clean;
  }

  #alternativeLogits({ targetIds, sourceIds, read }: Alternative): Tensor2D {
    const source = sourceIds === undefined ? this.#setting.sequence.sourceIds : sourceIds;
    const key = `${source ?? ''}|${targetIds}|${read}`;
    const known = this.#alternatives.get(key);
    if (known !== undefined) return known;
    // Nothing after the last position that is read can count.
    const length = Math.max(...read) + 1;
    const passes = this.#passesFor(() => tf.tensor1d([]));
    const made = this.#keep(tf.tidy(() => passes.logitsOf(source, targetIds.subarray(0, length), read)));
    passes.dispose();
    this.#alternatives.set(key, made);
    return made;
  }

  async #noisyScores(
    samples: number,
    scorer: Scorer,
    random: Random,
  ): Promise<{ scores: Float32Array; noisy: boolean }> {
    const steps = this.targets.length;
    const masks = new DropoutMasks(random);
    const passes = this.#passesFor(scorer);
    const scores = new Float32Array(samples * steps);
    try {
      for (let start = 0; start < samples; start += NOISY_COPIES) {
        const segments = Math.min(NOISY_COPIES, samples - start);
        const { source, target } = passes.clean;
        const copies = {
          segments,
          source: source && tf.tile(source, [segments, 1]),
          target: tf.tile(target, [segments, 1]),
        };
        try {
          scores.set(await passes.evaluate(copies, { dropout: masks.draw }), start * steps);
        } finally {
          copies.source?.dispose();
          copies.target.dispose();
        }
        // Without dropout one copy tells all.
        if (!masks.drawn) {
          for (let s = 1; s < samples; s++) scores.copyWithin(s * steps, 0, steps);
          break;
        }
      }
    } finally {
      passes.dispose();
    }
    return { scores, noisy: masks.drawn };
  }

  #passesFor(scorer: Scorer | Ensemble): Passes {
    const { model, sequence, counters, memoryBudget, breathe } = this.#setting;
    if (typeof scorer === 'function') return new Passes(model, sequence, scorer, counters, memoryBudget, breathe);
    return new EnsemblePasses(model, sequence, scorer, counters, memoryBudget, breathe);
  }

  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
    this.#kept.length = 0;
    this.#alternatives.clear();
    this.#clean = null;
  }
}
