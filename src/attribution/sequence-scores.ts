/** What step functions see of one sequence: its logits, noisy ones, those of other inputs, and its contrast texts. */

import type { Random } from '../random.ts';
import { read, readKept } from '../tensors/read.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { AttributionError, located } from './errors.ts';
import { DropoutMasks, frozenMasks } from './passes/dropout.ts';
import { EnsembleObjective } from './passes/ensemble-objective.ts';
import type { Objective } from './passes/objective.ts';
import { Passes, type PassesSetting } from './passes/passes.ts';
import { ScoreObjective } from './passes/score-objective.ts';
import { disposeFeatures } from './passes/sequence-features.ts';
import type { Likely } from './scores.ts';
import type {
  Alternative,
  Contrast,
  ContrastArgs,
  Ensemble,
  GivenContrast,
  Scorer,
  StepContext,
  StepFunction,
} from './step-function.ts';
import { type ContrastTexts, resolveContrast } from './step-functions/parts/contrast-inputs.ts';

/** Copies of the network that are run from one set of features at most; longer runs are split. */
const NOISY_COPIES = 64;

/** What all step functions of one sequence share. */
export interface SequenceSetting extends PassesSetting {
  texts: ContrastTexts;
  /** Each step function draws from a fork of it, in the order in which they are prepared. */
  random: Random;
  /** A contrast in place of the texts that arguments name. */
  given?: GivenContrast;
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

/** The passes over one sequence and its logits, shared by its method and step functions. Dispose when it is done. */
export class SequenceScores {
  readonly passes: Passes;
  /** What the contrast arguments of its step functions came to, in the order in which they were prepared. */
  readonly contrasts: ResolvedContrast[] = [];
  readonly #setting: SequenceSetting;
  readonly #kept: Tensor[] = [];
  readonly #alternatives = new Map<string, Tensor2D>();

  constructor(setting: SequenceSetting) {
    this.#setting = setting;
    this.passes = new Passes(setting);
  }

  /**
   * A step function as the attributed function.
   * @throws {AttributionError} when its arguments do not fit the sequence, or it has no gradient and one is needed
   */
  async objective(call: StepCall, needsGradient: boolean): Promise<Objective> {
    if (needsGradient && !call.fn.differentiable) {
      const message = `${call.fn.id} has no gradient: use a perturbation method, or report it in step_scores`;
      throw new AttributionError('not_differentiable', message, '#/attributed_fn');
    }
    return this.#objective(await this.#prepare(call, 'attribute'));
  }

  /**
   * Step scores of the sequence, one value a step: [steps]
   * @throws {AttributionError} when its arguments do not fit the sequence
   */
  async score(call: StepCall): Promise<Float32Array> {
    const prepared = await this.#prepare(call, 'score');
    await this.passes.yield();
    if (typeof prepared !== 'function')
      return new EnsembleObjective(this.passes, prepared).evaluateSteps(this.passes.clean);
    return read(() => prepared({ logits: this.#cleanLogits(), ...this.passes.stepRows(1) }));
  }

  /** Whether the logits of the sequence are there, so that scores of it take no pass. */
  get hasLogits(): boolean {
    return this.#alternatives.has(keyOf(this.#own()));
  }

  /** Logits [steps, vocab] of the sequence, which live as long as this. */
  logits(): Tensor2D {
    return this.#cleanLogits();
  }

  /** The most probable tokens of each step, the most probable first. @param count - of a step, at most the vocabulary */
  async likeliest(count: number): Promise<Omit<Likely, 'token'>[][]> {
    await this.passes.yield();
    const top = tf.tidy(() => {
      const logits = this.#cleanLogits();
      const { values, indices } = tf.topk(tf.softmax(logits), Math.min(count, logits.shape[1]));
      return [tf.keep(values), tf.keep(indices)];
    });
    const [probabilities, ids] = await Promise.all(top.map(readKept));
    const width = ids.length / this.passes.steps;
    return Array.from({ length: this.passes.steps }, (_, t) =>
      Array.from({ length: width }, (_, k) => ({ id: ids[t * width + k], probability: probabilities[t * width + k] })),
    );
  }

  #objective(prepared: Scorer | Ensemble): Objective {
    if (typeof prepared === 'function') return new ScoreObjective(this.passes, prepared);
    return new EnsembleObjective(this.passes, prepared);
  }

  async #prepare({ fn, args, pointer }: StepCall, role: StepContext['role']): Promise<Scorer | Ensemble> {
    try {
      return await fn.prepare(this.#context(fn.id, role), args);
    } catch (error) {
      throw located(error, pointer);
    }
  }

  #context(fn: string, role: StepContext['role']): StepContext {
    const { sequence, texts, given } = this.#setting;
    const random = this.#setting.random.fork();
    return {
      role,
      targets: this.passes.targets,
      random,
      own: this.#own(),
      ...(given && { given }),
      cleanLogits: () => this.#cleanLogits(),
      noisyScores: (samples, scorer) => this.#noisyScores(samples, scorer, random),
      noisyVariants: (samples) => Array.from({ length: samples }, () => frozenMasks(random.integer(2 ** 31))),
      alternativeLogits: (alternative) => this.#alternativeLogits(alternative),
      contrast: async (args: ContrastArgs): Promise<Contrast> => {
        const contrast = await resolveContrast(args, sequence, texts);
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
    const { sourceIds, targetIds } = this.#setting.sequence;
    return { sourceIds, targetIds, read: this.passes.read };
  }

  #cleanLogits(): Tensor2D {
    return this.#alternativeLogits(this.#own());
  }

  #alternativeLogits({ targetIds, sourceIds, read }: Alternative): Tensor2D {
    const source = sourceIds === undefined ? this.#setting.sequence.sourceIds : sourceIds;
    // Nothing after the last position that is read can count.
    const ids = targetIds.subarray(0, Math.max(...read) + 1);
    const key = keyOf({ sourceIds: source, targetIds: ids, read });
    const cached = this.#alternatives.get(key);
    if (cached !== undefined) return cached;
    const logits = this.#keep(tf.tidy(() => this.passes.logitsOf(source, ids, read)));
    this.#alternatives.set(key, logits);
    return logits;
  }

  async #noisyScores(
    samples: number,
    scorer: Scorer,
    random: Random,
  ): Promise<{ scores: Float32Array; noisy: boolean }> {
    const { steps } = this.passes;
    const masks = new DropoutMasks(random);
    const objective = new ScoreObjective(this.passes, scorer);
    const scores = new Float32Array(samples * steps);
    for (let start = 0; start < samples; start += NOISY_COPIES) {
      const segments = Math.min(NOISY_COPIES, samples - start);
      const before = masks.drawn;
      // Behind the scores, how many masks were drawn: the generator goes on from there.
      const run = async (): Promise<Float32Array> => {
        const copies = this.passes.copies(segments);
        try {
          const values = await objective.evaluateSteps(copies, { dropout: masks.draw });
          return Float32Array.of(...values, masks.drawn - before);
        } finally {
          disposeFeatures(copies);
        }
      };
      const values = await this.passes.result(segments * steps + 1, segments, run);
      masks.skip(values[segments * steps] - (masks.drawn - before));
      scores.set(values.subarray(0, segments * steps), start * steps);
      // Without dropout one copy tells all.
      if (masks.drawn === 0) {
        for (let s = 1; s < samples; s++) scores.copyWithin(s * steps, 0, steps);
        break;
      }
    }
    return { scores, noisy: masks.drawn > 0 };
  }

  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
    this.#kept.length = 0;
    this.#alternatives.clear();
    this.passes.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function keyOf({ sourceIds, targetIds, read }: Required<Alternative>): string {
  return `${sourceIds ?? ''}|${targetIds.subarray(0, Math.max(...read) + 1)}|${read}`;
}
