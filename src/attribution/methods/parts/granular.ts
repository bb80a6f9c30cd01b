/** Collects per-dimension scores, which arrive as rows (step, position), into arrays [tokens, steps, hidden]. */

import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { GradientBlock, Passes } from '../../passes/passes.ts';
import type { ScoreArray } from '../../scores.ts';
import type { Sides } from '../../sides.ts';

/** Consecutive steps of a block of gradients. */
interface StepBlock {
  stepStart: number;
  steps: { count: number };
}

/** Scores of both sides, one array each; a side that is not attributed stays null. */
export class GranularScores {
  readonly #passes: Passes;
  readonly #hidden: number;
  readonly source: ScoreArray | null;
  readonly target: ScoreArray | null;

  constructor(passes: Passes, attributeTarget: boolean) {
    this.#passes = passes;
    this.#hidden = passes.targetFeatures.shape[1];
    this.source = passes.sourceFeatures === null ? null : this.#empty(passes.sourceLength);
    this.target = attributeTarget ? this.#empty(passes.length + 1) : null;
  }

  #empty(tokens: number): ScoreArray {
    const shape = [tokens, this.#passes.steps, this.#hidden];
    return { shape, data: new Float32Array(tokens * this.#passes.steps * this.#hidden).fill(Number.NaN) };
  }

  /** Takes the rows of one segment and block of steps: source rows are (step, all positions), target (step, prefix). */
  put(block: StepBlock, rows: Sides<Tensor2D | null>): void {
    this.#scatter(block, rows, false);
  }

  /** As `put`, on top of what the block has so far. */
  add(block: StepBlock, rows: Sides<Tensor2D | null>): void {
    this.#scatter(block, rows, true);
  }

  /** The sum of each step's scores over tokens and dimensions: [steps]. */
  totals(): Float32Array {
    const totals = new Float64Array(this.#passes.steps);
    for (const array of [this.source, this.target]) {
      if (array === null) continue;
      const [tokens, steps, hidden] = array.shape;
      for (let cell = 0; cell < tokens * steps; cell++) {
        for (let d = cell * hidden; d < (cell + 1) * hidden; d++) {
          if (!Number.isNaN(array.data[d])) totals[cell % steps] += array.data[d];
        }
      }
    }
    return Float32Array.from(totals);
  }

  #scatter({ stepStart, steps: block }: StepBlock, rows: Sides<Tensor2D | null>, adding: boolean): void {
    const { read, sourceLength } = this.#passes;
    for (const side of ['source', 'target'] as const) {
      const array = this[side];
      const values = rows[side]?.dataSync();
      if (array === null || values === undefined) continue;
      const [, steps, hidden] = array.shape;
      let row = 0;
      for (let t = stepStart; t < stepStart + block.count; t++) {
        const positions = side === 'source' ? sourceLength : read[t] + 1;
        for (let p = 0; p < positions; p++, row++) {
          const own = values.subarray(row * hidden, (row + 1) * hidden) as Float32Array;
          const cell = (p * steps + t) * hidden;
          // Places are NaN until they are first written.
          if (!adding || Number.isNaN(array.data[cell])) array.data.set(own, cell);
          else for (let d = 0; d < hidden; d++) array.data[cell + d] += own[d];
        }
      }
    }
  }
}

/**
 * A per-position matrix [positions, hidden] repeated for the rows (step, position) of a block's source and target
 * cotangents of one segment: what multiplies gradients by inputs.
 */
export function perRow(passes: Passes, block: GradientBlock, side: keyof Sides<unknown>, matrix: Tensor2D): Tensor2D {
  const index: number[] = [];
  const count = block.steps.count;
  for (let t = block.stepStart; t < block.stepStart + count; t++) {
    const positions = side === 'source' ? passes.sourceLength : passes.read[t] + 1;
    for (let p = 0; p < positions; p++) index.push(p);
  }
  return tf.gather(matrix, tf.tensor1d(Int32Array.from(index), 'int32'));
}

/**
 * Gradients of the clean input, transformed by `score` row by row, collected for both sides.
 * @param score - receives gradients and the clean features of the same rows, in a tidy
 */
export async function gradientScores(
  passes: Passes,
  attributeTarget: boolean,
  score: (gradient: Tensor2D, features: Tensor2D) => Tensor2D,
): Promise<GranularScores> {
  const scores = new GranularScores(passes, attributeTarget);
  const wanted = { source: passes.sourceFeatures !== null, target: attributeTarget };
  await passes.gradients(passes.clean, wanted, (block) => {
    const { source, target } = block;
    scores.put(block, {
      source: source && passes.sourceFeatures && score(source, perRow(passes, block, 'source', passes.sourceFeatures)),
      target: target && score(target, perRow(passes, block, 'target', passes.targetFeatures)),
    });
  });
  return scores;
}
