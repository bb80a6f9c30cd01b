/**
 * A score of several runs of the same features ("variants") as the objective: Monte Carlo dropout's networks with frozen
 * masks, or a contrast text read after the same source. A gradient is the sum of the gradients through each run.
 *
 * Runs are recorded and pulled back one after the other, so that one record at a time is held, however many there are:
 * all runs go forward first, for the derivative of the score with respect to each one's logits.
 */

import { embedIds } from '../../models/model.ts';
import { Steps } from '../../nn/rows.ts';
import { type Run, type RunOptions, stepCotangent, type Value } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { read } from '../../tensors/read.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import { AttributionError } from '../errors.ts';
import type { Span } from '../spans.ts';
import type { Ensemble, Variant } from '../step-function.ts';
import { type GradientBlock, logitsOf, pulledSteps, stepsIn } from './gradient-passes.ts';
import { columnsOfReplaced, type GradientOptions, type Objective, type ReplacedScores } from './objective.ts';
import { type Passes, recall } from './passes.ts';
import { disposeFeatures, type Features } from './sequence-features.ts';

type Wanted = { source: boolean; target: boolean };
type SummedSides = { source: Tensor2D | null; target: Tensor2D | null };

export class EnsembleObjective implements Objective {
  readonly #passes: Passes;
  readonly #ensemble: Ensemble;
  /** Scores of the sequence as it is, as far as passes have told them: [steps], else NaN. */
  readonly #clean: Float32Array;

  /** @throws {AttributionError} when the logits of all runs do not fit into the memory budget */
  constructor(passes: Passes, ensemble: Ensemble) {
    this.#passes = passes;
    this.#ensemble = ensemble;
    this.#clean = new Float32Array(passes.steps).fill(Number.NaN);
    const bytes = this.#logitBytes();
    const { memoryBudget, steps } = passes;
    if (bytes <= memoryBudget) return;
    const [needed, allowed] = [bytes, memoryBudget].map((size) => Math.ceil(size / 2 ** 20));
    throw new AttributionError(
      'too_large',
      `${ensemble.variants.length} runs' logits of ${steps} steps need ${needed} MB and ${allowed} MB are ` +
        'allowed: ask for fewer runs (n_mcd_steps) or attribute fewer tokens (attr_pos_start, attr_pos_end)',
      '#/attributed_fn',
    );
  }

  async evaluate(features: Features, options: RunOptions = {}): Promise<Float32Array> {
    return this.#passes.sumsOfSteps(await this.evaluateSteps(features, options));
  }

  async cleanScores(): Promise<Float32Array> {
    if (this.#clean.some(Number.isNaN)) await this.evaluateSteps(this.#passes.clean);
    return this.#passes.sumsOfSteps(this.#clean);
  }

  knownScores(): Float32Array | null {
    return this.#clean.some(Number.isNaN) ? null : this.#passes.sumsOfSteps(this.#clean);
  }

  /** Scores [segments, steps] of copies of the sequence, whatever the columns. */
  async evaluateSteps(features: Features, options: RunOptions = {}): Promise<Float32Array> {
    const { steps } = this.#passes;
    const all = stepsIn([{ start: 0, end: steps }]);
    const scores = new Float32Array(features.segments * steps);
    const batchSize = this.#batchSize(features.segments);
    for (let start = 0; start < features.segments; start += batchSize) {
      const count = Math.min(batchSize, features.segments - start);
      const run = async (): Promise<Float32Array> => {
        const part = this.#part(features, start, count);
        let logits: Tensor2D[] = [];
        try {
          logits = await this.#logits(part, options, all);
          return await read(() => this.#score(logits, count, all));
        } finally {
          for (const tensor of logits) tensor.dispose();
          disposeFeatures(part);
        }
      };
      const { variants } = this.#ensemble;
      scores.set(await this.#passes.result(count * steps, count * variants.length, run), start * steps);
    }
    if (this.#passes.isClean(features)) this.#clean.set(scores);
    return scores;
  }

  async gradients(
    features: Features,
    wanted: Wanted,
    visit: (block: GradientBlock) => Promise<void>,
    options: GradientOptions = {},
  ): Promise<void> {
    if (options.watch !== undefined && options.watch.length > 0) {
      throw new AttributionError(
        'not_differentiable',
        'layer methods need a function of one run of the model; this one has several',
        '#/attributed_fn',
      );
    }
    const { counters, plan } = this.#passes;
    const { fold } = options;
    const isClean = options.replace === undefined && this.#passes.isClean(features);
    if (isClean && fold?.scores) this.#clean.set(fold.scores);
    const batchSize = options.rescale ? features.segments : this.#batchSize(features.segments);
    for (let start = 0; start < features.segments; start += batchSize) {
      const count = Math.min(batchSize, features.segments - start);
      // As of one run: nothing is pulled back to the baselines of the rescale rule.
      const pulled = options.rescale ? count / 2 : count;
      const part = this.#part(features, start, count);
      try {
        for (const [from, to] of plan.columnBlocks()) {
          if (fold?.passes()) {
            recall(counters, 2 * count * this.#ensemble.variants.length, 0);
            continue;
          }
          const block = await this.#block(part, pulled, wanted, options, from, to);
          try {
            if (isClean) {
              stepsIn(this.#passes.stepsOf.slice(from, to)).forEach((step, k) => {
                this.#clean[step] = block.scores[k];
              });
            }
            const see = () => visit({ ...block, segmentStart: start });
            if (fold === undefined) await see();
            else {
              if (isClean) fold.scores = this.#clean;
              await fold.add(see);
            }
          } finally {
            block.source?.dispose();
            block.target?.dispose();
          }
        }
      } finally {
        disposeFeatures(part);
      }
      counters.backward += pulled * this.#ensemble.variants.length;
    }
  }

  /** Frozen masks belong to whole sequences: every copy is run from its start. */
  async replaceTarget(
    units: readonly Span[],
    replacement: Tensor2D,
    onCopies: (done: number, soFar: ReplacedScores) => Promise<void>,
  ): Promise<ReplacedScores> {
    const { steps, read: readAt, clean: features } = this.#passes;
    const clean = await this.evaluateSteps(features);
    const replaced = new Float32Array(units.length * steps).fill(Number.NaN);
    // One at a time, as the clean copy is: a batch of another size rounds otherwise, and what changes nothing is 0.
    for (const [at, unit] of units.entries()) {
      const copy = scoped(() => this.#replaced(unit, replacement));
      try {
        const values = await this.evaluateSteps(copy);
        values.forEach((value, t) => {
          if (readAt[t] >= unit.start) replaced[at * steps + t] = value;
        });
      } finally {
        disposeFeatures(copy);
      }
      await onCopies(at + 1, columnsOfReplaced(this.#passes, { clean, replaced }));
    }
    return columnsOfReplaced(this.#passes, { clean, replaced });
  }

  /** A copy of the clean features with the rows of a unit replaced. */
  #replaced({ start, end }: Span, replacement: Tensor2D): Features {
    const { length, targetFeatures, sourceFeatures } = this.#passes;
    const index = Int32Array.from({ length }, (_, p) => (p >= start && p < end ? length + p : p));
    const target = tf.gather(tf.concat2d([targetFeatures, replacement], 0), tf.tensor1d(index, 'int32'));
    return { segments: 1, source: sourceFeatures && tf.keep(sourceFeatures.clone()), target: tf.keep(target) };
  }

  /** Bytes of one copy's logits in every variant, with their derivatives and one more of each on the way. */
  #logitBytes(): number {
    return this.#ensemble.variants.length * this.#passes.steps * this.#passes.model.vocabSize * 4 * 3;
  }

  /** Copies that are run together: the logits of all runs are held at once. */
  #batchSize(segments: number): number {
    const fitting = Math.max(1, Math.floor(this.#passes.memoryBudget / 2 / this.#logitBytes()));
    return Math.min(segments, this.#passes.plan.copiesRecorded(true), fitting);
  }

  /** Some copies, each with a source of its own; to be disposed. */
  #part({ segments, source, target }: Features, start: number, count: number): Features {
    const { length, sourceLength } = this.#passes;
    const rows = (tensor: Tensor2D, positions: number): Tensor2D =>
      tensor.shape[0] === positions && segments > 1
        ? tf.tile(tensor, [count, 1])
        : tf.slice(tensor, [start * positions, 0], [count * positions, tensor.shape[1]]);
    return { segments: count, source: source && rows(source, sourceLength), target: rows(target, length) };
  }

  /** Runs one variant over some copies. `wanted`: as of `gradients`; another decoder input is a constant. */
  #run(run: Run, part: Features, wanted: Wanted, { decoder }: Variant) {
    if (decoder === undefined) return this.#passes.forward(run, part, wanted);
    const { targetIds, read } = decoder;
    // Nothing after the last position that is read can count.
    const embedded = embedIds(this.#passes.model.targetEmbedding, targetIds.subarray(0, Math.max(...read) + 1));
    const target: Tensor2D = tf.tile(embedded, [part.segments, 1]);
    return this.#passes.forward(run, { ...part, target }, { ...wanted, target: false }, read);
  }

  /** Logits [segments * steps, vocab] of each run, to be disposed. */
  async #logits(part: Features, options: RunOptions, steps: Int32Array): Promise<Tensor2D[]> {
    const logits: Tensor2D[] = [];
    try {
      for (const variant of this.#ensemble.variants) {
        using run = this.#passes.startRun({ ...options, ...variant.options(part.segments) });
        const all = scoped(() => {
          const pass = this.#run(run, part, { source: false, target: false }, variant);
          return tf.keep(logitsOf(pass.logits.tensor, this.#passes.steps, part.segments, steps).clone());
        });
        logits.push(all);
        await this.#passes.yield();
      }
    } catch (error) {
      for (const tensor of logits) tensor.dispose();
      throw error;
    }
    return logits;
  }

  #score(logits: readonly Tensor2D[], segments: number, steps: Int32Array): Tensor1D {
    return this.#ensemble.score(logits, this.#passes.stepRows(segments, steps));
  }

  /** Scores and summed gradients of a block of columns; its tensors are to be disposed. */
  async #block(
    part: Features,
    pulled: number,
    wanted: Wanted,
    options: GradientOptions,
    from: number,
    to: number,
  ): Promise<Omit<GradientBlock, 'segmentStart'>> {
    const { segments } = part;
    const { stepsOf, lastRead } = this.#passes;
    const spans = stepsOf.slice(from, to);
    const steps = stepsIn(spans);
    const logits = await this.#logits(part, options, steps);
    let slopes: Tensor2D[] = [];
    const sums: SummedSides = { source: null, target: null };
    try {
      slopes = scoped(() => {
        const total = (...inputs: Tensor[]) => tf.sum(this.#score(inputs as Tensor2D[], segments, steps));
        const grads = tf.grads(total)(logits);
        return grads.map((grad) => tf.keep(tf.slice(grad as Tensor2D, 0, pulled * steps.length)));
      });
      const scores = await read(() => this.#score(logits, segments, steps));
      for (const [k, variant] of this.#ensemble.variants.entries()) {
        this.#addGradients(sums, part, { pulled, spans }, wanted, options, variant, slopes[k]);
        await this.#passes.yield();
      }
      // No run may have the text itself: the score does not depend on it.
      if (wanted.target && sums.target === null) {
        const rows = pulled * lastRead.slice(from, to).reduce((sum, position) => sum + position + 1, 0);
        sums.target = tf.zeros([rows, part.target.shape[1]]);
      }
      return { segments: pulled, columnStart: from, columns: to - from, scores, ...sums, watched: new Map() };
    } catch (error) {
      sums.source?.dispose();
      sums.target?.dispose();
      throw error;
    } finally {
      for (const tensor of [...logits, ...slopes]) tensor.dispose();
    }
  }

  /** Adds the gradients through one run. */
  #addGradients(
    sums: SummedSides,
    part: Features,
    { pulled, spans }: { pulled: number; spans: readonly Span[] },
    wanted: Wanted,
    options: GradientOptions,
    variant: Variant,
    slope: Tensor2D,
  ): void {
    using run = this.#passes.startRun({
      ...options,
      ...variant.options(part.segments),
      record: true,
    });
    using steps = new Steps([pulledSteps(spans, variant.decoder?.read ?? this.#passes.read, pulled)]);
    const gradients = scoped((): SummedSides => {
      const pass = this.#run(run, part, wanted, variant);
      const leaves = [pass.source, pass.target].filter((value): value is Value => value?.requires === true);
      if (leaves.length === 0) return { source: null, target: null };
      const cotangents = run.pullback(pass.logits, stepCotangent(pass.logits, slope, steps), leaves);
      const of = (value: Value | null) => (value === null ? null : (cotangents[leaves.indexOf(value)] ?? null));
      return { source: of(pass.source)?.tensor ?? null, target: of(pass.target)?.tensor ?? null };
    });
    sums.source = added(sums.source, gradients.source);
    sums.target = added(sums.target, gradients.target);
  }
}

/** The sum of two tensors, which it disposes; null counts as 0. */
function added(sum: Tensor2D | null, more: Tensor2D | null): Tensor2D | null {
  if (sum === null || more === null) return sum ?? more;
  const total = tf.tidy(() => tf.add(sum, more)) as Tensor2D;
  sum.dispose();
  more.dispose();
  return total;
}
