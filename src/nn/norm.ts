/** Normalization over the width of each row. */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import { lookUp, type Run, type Value } from './run.ts';

export interface LayerNorm {
  readonly name: string;
  /** [width] */
  readonly weight: Tensor1D;
  readonly bias: Tensor1D | null;
  readonly epsilon: number;
}

/** Layer normalization (Ba et al. 2016, arXiv:1607.06450): [rows, width] -> [rows, width] */
export function layerNorm(run: Run, x: Value, layer: LayerNorm): Value {
  const centered = tf.sub(x.tensor, tf.mean(x.tensor, 1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), layer.epsilon));
  const normal = tf.mul(centered, inverse) as typeof x.tensor;
  const scaled = tf.mul(normal, layer.weight) as typeof x.tensor;
  const output = (layer.bias === null ? scaled : tf.add(scaled, layer.bias)) as typeof x.tensor;
  const value = run.apply([x], output, x.rows, () => {
    run.keep(normal);
    run.keep(inverse);
    return ([dy]) => {
      if (dy === null) return [null];
      const saved = lookUp(normal, dy.rows);
      const direct = tf.mul(dy.tensor, layer.weight);
      const along = tf.mul(saved, tf.mean(tf.mul(direct, saved), 1, true));
      const shifted = tf.sub(tf.sub(direct, tf.mean(direct, 1, true)), along);
      return [{ tensor: tf.mul(shifted, lookUp(inverse, dy.rows)), rows: dy.rows }];
    };
  });
  return run.name(layer.name, value);
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
  const { shape } = x.tensor;
  const byHead = (tensor: Tensor2D): Tensor =>
    heads === 1 ? tensor : tf.reshape(tensor, [-1, heads, shape[1] / heads]);
  const flat = (tensor: Tensor): Tensor2D => tf.reshape(tensor, [-1, shape[1]]);
  const inner = byHead(x.tensor);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(inner), -1, true), layer.epsilon));
  const normal = tf.mul(inner, inverse);
  const value = run.apply([x], flat(tf.mul(normal, layer.weight)), x.rows, () => {
    run.keep(normal);
    run.keep(inverse);
    return ([dy]) => {
      if (dy === null) return [null];
      const saved = lookUp(normal, dy.rows);
      const direct = tf.mul(byHead(dy.tensor), layer.weight);
      const along = tf.mul(saved, tf.mean(tf.mul(direct, saved), -1, true));
      return [{ tensor: flat(tf.mul(tf.sub(direct, along), lookUp(inverse, dy.rows))), rows: dy.rows }];
    };
  });
  return run.name(layer.name, value);
}
