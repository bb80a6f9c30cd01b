/** Linear layers: y = x Wᵀ + b, with W in float32 or int8. */

import { flopPerLook } from '../tensors/enough-rows.ts';
import type { Matrix } from '../tensors/matrix.ts';
import { type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import { sliceRows } from './rows.ts';
import type { Run, Value } from './run.ts';

export interface Linear {
  /** Path in the checkpoint, without `.weight`. */
  readonly name: string;
  readonly matrix: Matrix;
  /** [out] */
  readonly bias: Tensor1D | null;
}

/** [rows, in] -> [rows, out] */
export function linear(run: Run, x: Value, layer: Linear): Value {
  const { matrix, bias } = layer;
  run.options.onLinear?.(layer);
  const output = inSlices(run, x.tensor, matrix, (rows) => matrix.multiply(rows, bias));
  const value = run.apply([x], output, x.rows, () => ([dy]) => [
    dy && { tensor: inSlices(run, dy.tensor, matrix, (rows) => matrix.pullback(rows)), rows: dy.rows },
  ]);
  return run.name(layer.name, value);
}

/** A product of all rows, in slices between which the run looks at its signal. */
function inSlices(run: Run, rows: Tensor2D, matrix: Matrix, product: (rows: Tensor2D) => Tensor2D): Tensor2D {
  const count = rows.shape[0];
  const most = Math.max(2, Math.floor(flopPerLook() / (2 * matrix.inFeatures * matrix.outFeatures)));
  if (count <= most || !matrix.rowwise) return product(rows);
  // Slices of nearly one size: a last one of a single row would take another kernel.
  const slices = Math.ceil(count / most);
  const parts: Tensor2D[] = [];
  for (let i = 0; i < slices; i++) {
    const from = Math.floor((i * count) / slices);
    const to = Math.floor(((i + 1) * count) / slices);
    run.look();
    parts.push(product(sliceRows(rows, from, to - from)));
  }
  return tf.concat2d(parts, 0);
}
