/** Small tensor helpers that the two backends need told differently, or that tfjs has no name for. */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from './tf.ts';

/** Runs `body` and frees every tensor that it made and did not keep; unlike tf.tidy, whatever `body` returns. */
export function scoped<T>(body: () => T): T {
  let result: { value: T } | null = null;
  tf.tidy(() => {
    result = { value: body() };
  });
  return (result as unknown as { value: T }).value;
}

/**
 * Batched matrix product [..., m, k] x [..., k, n] whose leading axes broadcast.
 * TensorFlow broadcasts them itself; the WASM kernel does not, so there the smaller side is tiled.
 */
export function batchMatMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  if (tf.getBackend() === 'tensorflow' || sameBatch(a, b)) return tf.matMul(a, b, transposeA, transposeB);
  const batch = a.shape.slice(0, -2).map((size, axis) => Math.max(size, b.shape[axis]));
  return tf.matMul(expandBatch(a, batch), expandBatch(b, batch), transposeA, transposeB);
}

/**
 * Product of the rows of a matrix [rows, k] with a weight, the same for a row whatever others are there: TensorFlow
 * takes another kernel for a single row, which rounds otherwise, so that one is computed as two.
 */
export function multiplyRows(rows: Tensor2D, weight: Tensor2D, transpose: boolean): Tensor2D {
  if (rows.shape[0] !== 1) return tf.matMul(rows, weight, false, transpose);
  const product: Tensor2D = tf.matMul(tf.concat2d([rows, rows], 0), weight, false, transpose);
  return tf.slice(product, [0, 0], [1, product.shape[1]]);
}

function sameBatch(a: Tensor, b: Tensor): boolean {
  return a.shape.slice(0, -2).every((size, axis) => size === b.shape[axis]);
}

/** The tensor with its leading axes tiled to `batch`. */
export function expandBatch(tensor: Tensor, batch: number[]): Tensor {
  const repeats = tensor.shape.map((size, axis) => (axis < batch.length ? batch[axis] / size : 1));
  return repeats.every((repeat) => repeat === 1) ? tensor : tf.tile(tensor, repeats);
}

/** Rows of a matrix by index, where index `matrix.shape[0]` stands for a row of zeros. */
export function gatherPadded(matrix: Tensor2D, index: Tensor1D): Tensor2D {
  const padded = tf.concat2d([matrix, tf.zeros([1, matrix.shape[1]])], 0);
  return tf.gather(padded, index);
}

/** What `make` makes of x, as a constant: gradients neither flow through it nor see what it does. */
export function asConstant(x: Tensor, make: (x: Tensor) => Tensor): Tensor {
  return tf.customGrad((input) => ({
    value: make(input as Tensor),
    gradFunc: () => tf.zerosLike(input as Tensor),
  }))(x);
}

/** x rounded to the nearest float16 and back, ties to even: what a half-precision store would keep. */
export function roundToHalf(x: Tensor2D): Tensor2D {
  // Veltkamp's splitting with 2^13 + 1 leaves the 11 significant bits of a half.
  const scaled = tf.mul(x, 8193);
  return tf.sub(scaled, tf.sub(scaled, x));
}
