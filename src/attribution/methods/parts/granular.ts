/** Collects per-dimension scores, which arrive as rows (column, position), into arrays [tokens, columns, hidden]. */

import type { Sums } from '../../../journal.ts';
import { scoped } from '../../../tensors/ops.ts';
import { readKept } from '../../../tensors/read.ts';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { MethodScores, MethodTask } from '../../method.ts';
import type { GradientBlock } from '../../passes/gradient-passes.ts';
import type { Passes } from '../../passes/passes.ts';
import type { ScoreArray } from '../../scores.ts';
import { mapSides, type Sides } from '../../sides.ts';
import {
  attributedSides,
  type Columns,
  featuresOf,
  rowsPerColumn,
  type SideTensors,
  visiblePositions,
} from './inputs.ts';

/** Scores of both sides, one array each; a side that is not attributed stays null. */
export class GranularScores implements Sides<ScoreArray | null>, Sums<Sides<Float32Array | null>> {
  readonly #passes: Passes;
  readonly source: ScoreArray | null;
  readonly target: ScoreArray | null;

  constructor(task: MethodTask<unknown>) {
    this.#passes = task.passes;
    const { source, target } = attributedSides(task);
    this.source = source ? this.#empty(task.passes.sourceLength) : null;
    this.target = target ? this.#empty(task.passes.length + 1) : null;
  }

  #empty(tokens: number): ScoreArray {
    const { columns, targetFeatures } = this.#passes;
    const shape = [tokens, columns, targetFeatures.shape[1]];
    return { shape, data: new Float32Array(tokens * columns * shape[2]).fill(Number.NaN) };
  }

  /**
   * Takes the rows of one copy and block of columns: source rows are (column, all positions), target (column, prefix).
   * @param make - computes the rows, in a tidy
   */
  async put(block: Columns, make: () => SideTensors): Promise<void> {
    this.#scatter(block, await readSides(make), false);
  }

  /** Like `put`, but adds to what the block already has. */
  async add(block: Columns, make: () => SideTensors): Promise<void> {
    this.#scatter(block, await readSides(make), true);
  }

  /** The sum of each column's scores over tokens and dimensions: [columns]. */
  totals(): Float32Array {
    const totals = new Float64Array(this.#passes.columns);
    for (const array of [this.source, this.target]) {
      if (array === null) continue;
      const [tokens, columns, hidden] = array.shape;
      for (let cell = 0; cell < tokens * columns; cell++) {
        for (let d = cell * hidden; d < (cell + 1) * hidden; d++) {
          if (!Number.isNaN(array.data[d])) totals[cell % columns] += array.data[d];
        }
      }
    }
    return Float32Array.from(totals);
  }

  get bytes(): number {
    return (this.source?.data.byteLength ?? 0) + (this.target?.data.byteLength ?? 0);
  }

  async save(): Promise<Sides<Float32Array | null>> {
    return mapSides<ScoreArray | null, Float32Array | null>(this, (array) => array?.data.slice() ?? null);
  }

  load(saved: Sides<Float32Array | null>): void {
    mapSides(saved, (data, side) => data && this[side]?.data.set(data));
  }

  /** What a method returns of them. */
  result(): MethodScores {
    return { kind: 'granular', source: this.source, target: this.target };
  }

  #scatter(block: Columns, rows: Sides<Float32Array | null>, adding: boolean): void {
    const { columnStart } = block;
    mapSides(rows, (values, side) => {
      const array = this[side];
      if (array === null || values === null) return;
      const [, columns, hidden] = array.shape;
      let row = 0;
      for (let column = columnStart; column < columnStart + block.columns; column++) {
        const visible = visiblePositions(this.#passes, side, column);
        for (let position = 0; position < visible; position++, row++) {
          const own = values.subarray(row * hidden, (row + 1) * hidden);
          const cell = (position * columns + column) * hidden;
          // A cell is NaN until it is first written.
          if (!adding || Number.isNaN(array.data[cell])) array.data.set(own, cell);
          else for (let d = 0; d < hidden; d++) array.data[cell + d] += own[d];
        }
      }
    });
  }
}

/** The values of a matrix of each side, which `make` computes in a tidy. */
export async function readSides(make: () => SideTensors): Promise<Sides<Float32Array | null>> {
  const kept = scoped(() => mapSides(make(), (tensor) => tensor && tf.keep(tensor.clone())));
  const [source, target] = await Promise.all([kept.source, kept.target].map((tensor) => tensor && readKept(tensor)));
  return { source, target };
}

/**
 * Gradients of the clean input, transformed by `score` row by row, collected for both sides.
 * @param score - receives gradients and the clean features of the same rows, in a tidy
 */
export async function gradientScores(
  task: MethodTask<unknown>,
  score: (gradient: Tensor2D, features: Tensor2D) => Tensor2D,
): Promise<MethodScores> {
  const { passes } = task;
  const scores = new GranularScores(task);
  const features = featuresOf(passes);
  const fold = passes.fold(scores);
  const visit = async (block: GradientBlock): Promise<void> => {
    await scores.put(block, () =>
      mapSides<Tensor2D | null, Tensor2D | null>(block, (gradient, side) => {
        const matrix = features[side];
        return gradient && matrix && score(gradient, rowsPerColumn(passes, block, side, matrix));
      }),
    );
    task.onSteps(block.columnStart + block.columns, scores.result());
  };
  await task.objective.gradients(passes.clean, attributedSides(task), visit, { fold });
  await fold.end();
  return scores.result();
}
