/** A score of one run's logits as the objective. */

import type { RunOptions } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';
import type { Scorer } from '../step-function.ts';
import { type GradientBlock, stepsIn } from './gradient-passes.ts';
import { columnsOfReplaced, type GradientOptions, type Objective, type ReplacedScores } from './objective.ts';
import { type Passes, type ReadRows, recall } from './passes.ts';
import { scoreReplaced } from './replaced-tokens.ts';
import { disposeFeatures, type Features } from './sequence-features.ts';

export class ScoreObjective implements Objective {
  readonly #passes: Passes;
  readonly #scorer: Scorer;
  /** Scores of the sequence as it is, as far as passes have told them: [steps], else NaN. */
  readonly #clean: Float32Array;

  constructor(passes: Passes, scorer: Scorer) {
    this.#passes = passes;
    this.#scorer = scorer;
    this.#clean = new Float32Array(passes.steps).fill(Number.NaN);
  }

  async evaluate(features: Features, options?: RunOptions): Promise<Float32Array> {
    return this.#passes.sumsOfSteps(await this.evaluateSteps(features, options));
  }

  /** Scores [segments, steps] of copies of the sequence, whatever the columns. */
  async evaluateSteps(features: Features, options?: RunOptions): Promise<Float32Array> {
    const { steps, plan } = this.#passes;
    const scores = new Float32Array(features.segments * steps);
    await this.#inChunks(features, plan.copiesEvaluated(), async (chunk, start) => {
      const rows = this.#passes.stepRows(chunk.segments);
      const score = (logits: Tensor2D): Tensor1D => this.#scorer({ logits, ...rows });
      const run = () => this.#passes.score(chunk, this.#passes.readRows, score, options);
      // What changes the pass has a state of its own (draws of dropout).
      const own = options ? run() : this.#passes.result(chunk.segments * steps, chunk.segments, run);
      scores.set(await own, start * steps);
    });
    if (options === undefined && this.#passes.isClean(features)) this.#clean.set(scores);
    return scores;
  }

  async cleanScores(): Promise<Float32Array> {
    if (this.#clean.some(Number.isNaN)) await this.evaluateSteps(this.#passes.clean);
    return this.#passes.sumsOfSteps(this.#clean);
  }

  knownScores(): Float32Array | null {
    return this.#clean.some(Number.isNaN) ? null : this.#passes.sumsOfSteps(this.#clean);
  }

  async gradients(
    features: Features,
    wanted: { source: boolean; target: boolean },
    visit: (block: GradientBlock) => Promise<void>,
    options: GradientOptions = {},
  ): Promise<void> {
    const { plan, counters } = this.#passes;
    const { fold } = options;
    const isClean = options.replace === undefined && this.#passes.isClean(features);
    if (isClean && fold?.scores) this.#setClean(fold.scores);
    const blocks = plan.columnBlocks();
    // The rescale rule compares the halves of the whole.
    const chunkSize = options.rescale ? features.segments : plan.copiesRecorded();
    await this.#inChunks(features, chunkSize, (chunk, segmentStart) => {
      // Baselines are there for the rescale rule to compare with: nothing is pulled back to them.
      const pulled = options.rescale ? chunk.segments / 2 : chunk.segments;
      const left = fold ? blocks.filter(() => !fold.passes()) : blocks;
      if (left.length === 0) {
        recall(counters, chunk.segments, pulled);
        return Promise.resolve();
      }
      return this.#passes.pullBack(chunk, {
        wanted,
        pulled,
        blocks: left,
        options,
        scoreGradient: (logits, steps) => this.#scoreGradient(logits, this.#passes.stepRows(pulled, steps)),
        visit: (block) => {
          if (isClean) this.#keepClean(block);
          if (fold === undefined) return visit({ ...block, segmentStart });
          if (isClean) fold.scores = this.#clean;
          return fold.add(() => visit({ ...block, segmentStart }));
        },
      });
    });
  }

  /** Takes over scores of the sequence as it is: [steps], NaN where nothing is known. */
  #setClean(scores: Float32Array): void {
    scores.forEach((score, step) => {
      if (!Number.isNaN(score)) this.#clean[step] = score;
    });
  }

  async replaceTarget(
    units: readonly Span[],
    replacement: Tensor2D,
    onCopies: (done: number, soFar: ReplacedScores) => Promise<void>,
  ): Promise<ReplacedScores> {
    const columns = (soFar: ReplacedScores): ReplacedScores => columnsOfReplaced(this.#passes, soFar);
    const scores = await scoreReplaced(this.#passes, this.#scorer, {
      units,
      replacement,
      onCopies: (done, soFar) => onCopies(done, columns(soFar)),
    });
    this.#clean.set(scores.clean);
    return columns(scores);
  }

  #keepClean({ scores, columnStart, columns }: Pick<GradientBlock, 'scores' | 'columnStart' | 'columns'>): void {
    const steps = stepsIn(this.#passes.stepsOf.slice(columnStart, columnStart + columns));
    steps.forEach((step, k) => {
      this.#clean[step] = scores[k];
    });
  }

  /** Scores [rows] and their gradient [rows, vocab] with respect to the rows' logits. In a tidy. */
  #scoreGradient(logits: Tensor2D, rows: ReadRows): { value: Tensor1D; grad: Tensor2D } {
    let value: Tensor1D | null = null;
    const { grad } = tf.valueAndGrad((input: Tensor) => {
      value = tf.keep(this.#scorer({ logits: input as Tensor2D, ...rows }));
      return tf.sum(value);
    })(logits);
    const kept = value as unknown as Tensor1D;
    const scores = kept.clone();
    kept.dispose();
    return { value: scores, grad: grad as Tensor2D };
  }

  async #inChunks(
    features: Features,
    size: number,
    body: (chunk: Features, start: number) => Promise<void>,
  ): Promise<void> {
    for (let start = 0; start < features.segments; start += size) {
      const count = Math.min(size, features.segments - start);
      if (count === features.segments) {
        await body(features, start);
        continue;
      }
      const chunk = scoped(() => {
        const { segments, source, target } = this.#passes.slice(features, start, count);
        return { segments, source: source && tf.keep(source.clone()), target: tf.keep(target.clone()) };
      });
      try {
        await body(chunk, start);
      } finally {
        disposeFeatures(chunk);
      }
    }
  }
}
