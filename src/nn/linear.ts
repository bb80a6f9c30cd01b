/** Linear layers: y = x Wᵀ + b, with W in float32 or int8. */

import type { Matrix } from '../tensors/matrix.ts';
import type { Tensor1D } from '../tensors/tf.ts';
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
  const value = run.apply([x], layer.matrix.multiply(x.tensor, layer.bias), x.rows, () => ([dy]) => [
    dy && { tensor: layer.matrix.pullback(dy.tensor), rows: dy.rows },
  ]);
  return run.name(layer.name, value);
}
