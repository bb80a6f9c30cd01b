/**
 * Passes for scores that depend on several runs of the same features ("variants"): Monte Carlo dropout's networks with
 * frozen masks, or a contrast text read after the same source. A gradient is the sum of the gradients through each run.
 *
 * Runs are recorded and pulled back one after the other, so that one record at a time is held, however many there are:
 * all runs go forward first, for the derivative of the score with respect to each one's logits.
 */

import { embedIds, type LanguageModel } from '../../models/model.ts';
import { Steps } from '../../nn/rows.ts';
import { Run, type RunOptions, stepCotangent, type Value } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import { AttributionError } from '../errors.ts';
import type { Ensemble, Variant } from '../step-function.ts';
import {
  type Counters,
  type Features,
  type GradientBlock,
  type GradientOptions,
  Passes,
  type Sequence,
} from './passes.ts';
import type { ReplacedScores } from './suffix-copies.ts';

export class EnsemblePasses extends Passes {
  readonly #ensemble: Ensemble;
  readonly #memoryBudget: number;

  /** Parameters as of `Passes`, with an ensemble in place of the scorer. */
  constructor(
    model: LanguageModel,
    sequence: Sequence,
    ensemble: Ensemble,
    counters: Counters,
    memoryBudget: number,
    breathe: () => Promise<void>,
  ) {
    const alone = (): never => {
      throw new Error('a score of several runs has no value for one');
    };
    super(model, sequence, alone, counters, memoryBudget, breathe);
    const bytes = logitBytes(ensemble, this.steps, model.vocabSize);
    if (bytes > memoryBudget) {
      this.dispose();
      const [needed, allowed] = [bytes, memoryBudget].map((size) => Math.ceil(size / 2 ** 20));
      throw new AttributionError(
        'too_large',
        `${ensemble.variants.length} runs' logits of ${this.steps} steps need ${needed} MB and ${allowed} MB are ` +
          'allowed: ask for fewer runs (n_mcd_steps) or attribute fewer tokens (attr_pos_start, attr_pos_end)',
        '#/attributed_fn',
      );
    }
    this.#ensemble = ensemble;
    this.#memoryBudget = memoryBudget;
  }

  override async evaluate(features: Features, options: RunOptions = {}): Promise<Float32Array> {
    const scores = new Float32Array(features.segments * this.steps);
    const together = this.#together(features);
    for (let start = 0; start < features.segments; start += together) {
      const count = Math.min(together, features.segments - start);
      const part = this.#part(features, start, count);
      const logits = await this.#logits(part, options, 0, this.steps);
      tf.tidy(() => scores.set(this.#score(logits, count, 0, this.steps).dataSync(), start * this.steps));
      for (const tensor of [...logits, part.source, part.target]) tensor?.dispose();
    }
    return scores;
  }

  override async gradients(
    features: Features,
    wanted: { source: boolean; target: boolean },
    visit: (block: GradientBlock) => void,
    options: GradientOptions = {},
  ): Promise<void> {
    if (options.watch !== undefined && options.watch.length > 0) {
      throw new AttributionError(
        'not_differentiable',
        'layer methods need a function of one run of the model; this one has several',
        '#/attributed_fn',
      );
    }
    const together = options.rescale ? features.segments : this.#together(features);
    for (let start = 0; start < features.segments; start += together) {
      const count = Math.min(together, features.segments - start);
      const part = this.#part(features, start, count);
      for (const [from, to] of this.plan.stepBlocks()) {
        const block = await this.#block(part, wanted, options, from, to);
        tf.tidy(() => visit({ ...block, segmentStart: start }));
        block.source?.dispose();
        block.target?.dispose();
        block.steps.dispose();
      }
      this.counters.backward += (options.rescale ? count / 2 : count) * this.#ensemble.variants.length;
      part.source?.dispose();
      part.target.dispose();
    }
  }

  /** Frozen masks belong to whole sequences: every copy is run from its start. */
  override async replaceTarget(positions: Int32Array, replacement: Tensor2D): Promise<ReplacedScores> {
    const clean = await this.evaluate(this.clean);
    const replaced = new Float32Array(positions.length * this.steps).fill(Number.NaN);
    const together = this.#together(this.clean);
    for (let start = 0; start < positions.length; start += together) {
      const block = positions.subarray(start, start + together);
      const features = scoped(() => this.#replaced(block, start, replacement));
      const values = await this.evaluate(features);
      features.source?.dispose();
      features.target.dispose();
      values.forEach((value, cell) => {
        const [s, t] = [Math.floor(cell / this.steps), cell % this.steps];
        if (this.read[t] >= block[s]) replaced[start * this.steps + cell] = value;
      });
    }
    return { clean, replaced };
  }

  /** Copies of the clean features, the s-th with row start + s of the replacement at positions[s]. */
  #replaced(positions: Int32Array, start: number, replacement: Tensor2D): Features {
    const segments = positions.length;
    const index = Int32Array.from({ length: segments * this.length }, (_, row) => {
      const [s, p] = [Math.floor(row / this.length), row % this.length];
      return p === positions[s] ? this.length + start + s : p;
    });
    const all = tf.concat2d([this.targetFeatures, replacement], 0);
    const source = this.sourceFeatures && tf.keep(tf.tile(this.sourceFeatures, [segments, 1]));
    return { segments, source, target: tf.keep(tf.gather(all, tf.tensor1d(index, 'int32'))) };
  }

  /** Copies that are run together: the logits of all runs are held at once. */
  #together(features: Features): number {
    const logits = logitBytes(this.#ensemble, this.steps, this.model.vocabSize);
    const fitting = Math.max(1, Math.floor(this.#memoryBudget / 2 / logits));
    return Math.min(features.segments, this.plan.copiesRecorded(), fitting);
  }

  /** Some copies, each with a source of its own; to be disposed. */
  #part({ segments, source, target }: Features, start: number, count: number): Features {
    const rows = (tensor: Tensor2D, length: number): Tensor2D =>
      tensor.shape[0] === length && segments > 1
        ? tf.tile(tensor, [count, 1])
        : tf.slice(tensor, [start * length, 0], [count * length, tensor.shape[1]]);
    return {
      segments: count,
      source: source && rows(source, this.sourceLength),
      target: rows(target, this.length),
    };
  }

  /** Runs one variant over some copies. `wanted`: as of `gradients`; another decoder input is a constant. */
  #run(run: Run, part: Features, wanted: { source: boolean; target: boolean }, { decoder }: Variant) {
    if (decoder === undefined) return this.forward(run, part, wanted);
    const { targetIds, read } = decoder;
    // Nothing after the last position that is read can count.
    const embedded = embedIds(this.model.targetEmbedding, targetIds.subarray(0, Math.max(...read) + 1));
    const target: Tensor2D = tf.tile(embedded, [part.segments, 1]);
    return this.forward(run, { ...part, target }, { ...wanted, target: false }, read);
  }

  /** Logits [segments * (to - from), vocab] of each run, to be disposed. */
  async #logits(part: Features, options: RunOptions, from: number, to: number): Promise<Tensor2D[]> {
    const logits: Tensor2D[] = [];
    for (const variant of this.#ensemble.variants) {
      const run = new Run({ ...options, ...variant.options(part.segments) });
      logits.push(
        scoped(() => {
          const pass = this.#run(run, part, { source: false, target: false }, variant);
          return tf.keep(this.#ofSteps(pass.logits.tensor, part.segments, from, to));
        }),
      );
      run.dispose();
      await this.breathe();
    }
    return logits;
  }

  #ofSteps(logits: Tensor2D, segments: number, from: number, to: number): Tensor2D {
    const vocab = logits.shape[1];
    const cube = tf.reshape(logits, [segments, this.steps, vocab]);
    return tf.reshape(tf.slice(cube, [0, from, 0], [segments, to - from, vocab]), [segments * (to - from), vocab]);
  }

  #score(logits: readonly Tensor2D[], segments: number, from: number, to: number): Tensor1D {
    const steps = Int32Array.from({ length: segments * (to - from) }, (_, row) => from + (row % (to - from)));
    return this.#ensemble.score(logits, { steps, targets: steps.map((step) => this.targets[step]) });
  }

  /** Scores and summed gradients of a block of steps; its tensors are to be disposed. */
  async #block(
    part: Features,
    wanted: { source: boolean; target: boolean },
    options: GradientOptions,
    from: number,
    to: number,
  ): Promise<GradientBlock> {
    const { segments } = part;
    // As in `Passes`: nothing is pulled back to the baselines of the rescale rule.
    const pulledSegments = options.rescale ? segments / 2 : segments;
    const logits = await this.#logits(part, options, from, to);
    const { scores, slopes } = scoped(() => {
      const values = this.#score(logits, segments, from, to).dataSync() as Float32Array;
      const total = (...inputs: Tensor[]) => tf.sum(this.#score(inputs as Tensor2D[], segments, from, to));
      const { grads } = tf.valueAndGrads(total)(logits);
      return {
        scores: values,
        slopes: grads.map((grad) => tf.keep(tf.slice(grad as Tensor2D, 0, pulledSegments * (to - from)))),
      };
    });
    for (const tensor of logits) tensor.dispose();
    const index = Int32Array.from({ length: to - from }, (_, k) => from + k);
    const sums = { source: null as Tensor2D | null, target: null as Tensor2D | null };
    for (const [k, variant] of this.#ensemble.variants.entries()) {
      const run = new Run({ ...options, ...variant.options(segments), record: true });
      const steps = new Steps((variant.decoder?.read ?? this.read).slice(from, to), index, pulledSegments);
      const pulled = scoped(() => {
        const pass = this.#run(run, part, wanted, variant);
        const leaves = [pass.source, pass.target].filter((value): value is Value => value?.requires === true);
        if (leaves.length === 0) return { source: null, target: null };
        const cotangents = run.pullback(pass.logits, stepCotangent(pass.logits, slopes[k], steps), leaves);
        const of = (value: Value | null) => (value === null ? null : (cotangents[leaves.indexOf(value)] ?? null));
        return { source: of(pass.source)?.tensor ?? null, target: of(pass.target)?.tensor ?? null };
      });
      sums.source = added(sums.source, pulled.source);
      sums.target = added(sums.target, pulled.target);
      steps.dispose();
      run.dispose();
      slopes[k].dispose();
      await this.breathe();
    }
    const steps = new Steps(this.read.slice(from, to), index);
    // No run may have the text itself: the score does not depend on it.
    if (wanted.target && sums.target === null) {
      const rows = pulledSegments * steps.read.reduce((sum, position) => sum + position + 1, 0);
      sums.target = tf.zeros([rows, this.targetFeatures.shape[1]]);
    }
    return { segmentStart: 0, segments: pulledSegments, stepStart: from, steps, scores, ...sums, watched: new Map() };
  }
}

/** Bytes of one copy's logits in every variant, with their derivatives and one more of each on the way. */
function logitBytes({ variants }: Ensemble, steps: number, vocab: number): number {
  return variants.length * steps * vocab * 4 * 3;
}

/** The sum of two tensors, which it disposes; null counts as 0. */
function added(sum: Tensor2D | null, more: Tensor2D | null): Tensor2D | null {
  if (sum === null || more === null) return sum ?? more;
  const total = tf.tidy(() => tf.add(sum, more)) as Tensor2D;
  sum.dispose();
  more.dispose();
  return total;
}
