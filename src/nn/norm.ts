/** Normalization over the width of each row. */

import { normByKernel, normPullbackByKernel } from '../tensors/block-kernels.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import { type Cotangent, lookUp, type Run, type Value } from './run.ts';

/** PyTorch's default, of families whose configs do not name another. */
export const LAYER_NORM_EPSILON = 1e-5;

export interface LayerNorm {
  readonly name: string;
  /** [width] */
  readonly weight: Tensor1D;
  readonly bias: Tensor1D | null;
  readonly epsilon: number;
}

/** Layer normalization (Ba et al. 2016, arXiv:1607.06450): [rows, width] -> [rows, width] */
export function layerNorm(run: Run, x: Value, layer: LayerNorm): Value {
  return normalize(run, x, layer, layer.bias, true, 1);
}

export interface RmsNorm {
  readonly name: string;
  /** [width] */
  readonly weight: Tensor1D;
  readonly epsilon: number;
}

/**
 * Root mean square normalization (Zhang & Sennrich 2019, arXiv:1910.07467): [rows, width] -> [rows, width]
 * @param heads - the width is that of so many heads, each of which is normalized by itself
 */
export function rmsNorm(run: Run, x: Value, layer: RmsNorm, heads = 1): Value {
  return normalize(run, x, layer, null, false, heads);
}

/** @param center - the mean is taken off first */
function normalize(run: Run, x: Value, layer: RmsNorm, bias: Tensor1D | null, center: boolean, heads: number): Value {
  const { name, weight, epsilon } = layer;
  const [normal, inverse, output] =
    normByKernel(x.tensor, { weight, bias, epsilon, center }) ??
    norm(x.tensor, { weight, bias, epsilon, center, heads });
  const value = run.apply([x], output, x.rows, () => {
    run.keep(normal);
    run.keep(inverse);
    return ([dy]) => {
      if (dy === null) return [null];
      const saved = { normal, inverse, weight, center };
      const pulled = normPullbackByKernel(dy.tensor, saved, dy.rows.rowIndex) ?? normPullback(dy, { ...saved, heads });
      return [{ tensor: pulled, rows: dy.rows }];
    };
  });
  return run.name(name, value);
}

/** The normal form [rows, heads * width], the inverse deviations [rows, heads], and the output. */
function norm(
  x: Tensor2D,
  config: { weight: Tensor1D; bias: Tensor1D | null; epsilon: number; center: boolean; heads: number },
): Tensor2D[] {
  const { weight, bias, epsilon, center, heads } = config;
  const inner = byHead(x, heads);
  const centered = center ? tf.sub(inner, tf.mean(inner, -1, true)) : inner;
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), epsilon));
  const normal = tf.mul(centered, inverse);
  const scaled = tf.mul(normal, weight);
  const output = bias === null ? scaled : tf.add(scaled, bias);
  return [flat(normal, x), tf.reshape(inverse, [-1, heads]), flat(output, x)];
}

function normPullback(
  dy: Cotangent,
  saved: { normal: Tensor2D; inverse: Tensor2D; weight: Tensor1D; center: boolean; heads: number },
): Tensor2D {
  const { weight, center, heads } = saved;
  const normal = byHead(lookUp(saved.normal, dy.rows), heads);
  const inverse = lookUp(saved.inverse, dy.rows);
  const direct = tf.mul(byHead(dy.tensor, heads), weight);
  const along = tf.mul(normal, tf.mean(tf.mul(direct, normal), -1, true));
  const level = center ? tf.sub(direct, tf.mean(direct, -1, true)) : direct;
  const shifted = tf.sub(level, along);
  return flat(tf.mul(shifted, heads === 1 ? inverse : tf.expandDims(inverse, -1)), dy.tensor);
}

/** [rows, heads * width] as [rows, heads, width]; unchanged for one head. */
function byHead(tensor: Tensor2D, heads: number): Tensor {
  return heads === 1 ? tensor : tf.reshape(tensor, [-1, heads, tensor.shape[1] / heads]);
}

function flat(tensor: Tensor, like: Tensor2D): Tensor2D {
  return tensor.shape.length === 2 ? (tensor as Tensor2D) : tf.reshape(tensor, [-1, like.shape[1]]);
}
