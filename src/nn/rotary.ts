/** Rotary position embedding (Su et al. 2021, arXiv:2104.09864): queries and keys turned by their position. */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import type { Rows } from './rows.ts';
import { lookUp, type Run, type Value } from './run.ts';

export interface Rotary {
  /** Pairs of dimensions of a head that are turned; the rest of the head stays as it is. */
  readonly pairs: number;
  /** Angle per position of each pair, [pairs], in a sequence of so many positions. */
  frequencies(length: number): Float64Array;
  /** Factor on cosine and sine (YaRN's attention factor). */
  readonly factor: number;
  /** Pairs are (i, i + half) as in Llama and GPT-NeoX, or (2i, 2i + 1) as in GPT-J. */
  readonly interleaved: boolean;
  /** Distinguishes several embeddings of one model. */
  readonly key: string;
}

/**
 * Turns the first `2 * pairs` dimensions of every head.
 * @param x - [rows, heads * head_dim]
 */
export function rotary(run: Run, x: Value, headDim: number, config: Rotary): Value {
  const forward = angles(x.rows, config, headDim);
  return run.apply([x], turn(x.tensor, forward, headDim, config), x.rows, () => ([dy]) => {
    if (dy === null) return [null];
    const backward = { cos: lookUp(forward.cos, dy.rows), sin: tf.neg<Tensor2D>(lookUp(forward.sin, dy.rows)) };
    return [{ tensor: turn(dy.tensor, backward, headDim, config), rows: dy.rows }];
  });
}

/** Of the angle by which each dimension of each row is turned: [rows, head_dim] */
interface Angles {
  cos: Tensor2D;
  sin: Tensor2D;
}

/** Cosines and sines for every row: [rows, head_dim], 1 and 0 where a dimension is not turned. */
function angles(rows: Rows, config: Rotary, headDim: number): Angles {
  const table = (fn: (angle: number) => number, still: number) => () => {
    const values = new Float32Array(rows.count * headDim).fill(still);
    const half = config.pairs;
    const { positions } = rows;
    for (const { offset, count, length } of rows.parts) {
      const frequencies = config.frequencies(length);
      for (let row = offset; row < offset + count; row++) {
        for (let i = 0; i < half; i++) {
          const value = fn(positions[row] * frequencies[i]) * config.factor;
          const [a, b] = config.interleaved ? [2 * i, 2 * i + 1] : [i, i + half];
          values[row * headDim + a] = value;
          values[row * headDim + b] = value;
        }
      }
    }
    return tf.tensor2d(values, [rows.count, headDim]);
  };
  return {
    cos: rows.cache.get(`cos-${config.key}`, table(Math.cos, 1)),
    sin: rows.cache.get(`sin-${config.key}`, table(Math.sin, 0)),
  };
}

function turn(x: Tensor2D, { cos, sin }: Angles, headDim: number, config: Rotary): Tensor2D {
  const rows = x.shape[0];
  const heads = x.shape[1] / headDim;
  const split = tf.reshape(x, [rows, heads, headDim]);
  const still = headDim - 2 * config.pairs;
  const turned = still === 0 ? split : tf.slice(split, [0, 0, 0], [rows, heads, headDim - still]);
  let partner = config.interleaved ? swapPairs(turned, rows, heads) : swapHalves(turned);
  if (still > 0) partner = tf.concat([partner, tf.zeros([rows, heads, still])], 2);
  const cosines = tf.reshape(cos, [rows, 1, headDim]);
  const sines = tf.reshape(sin, [rows, 1, headDim]);
  return tf.reshape(tf.add(tf.mul(split, cosines), tf.mul(partner, sines)), x.shape);
}

/** (a, b) -> (-b, a) by halves of the last axis. */
function swapHalves(x: ReturnType<typeof tf.tensor>): ReturnType<typeof tf.tensor> {
  const [a, b] = tf.split(x, 2, 2);
  return tf.concat([tf.neg(b), a], 2);
}

/** (a, b) -> (-b, a) by neighbours of the last axis. */
function swapPairs(x: ReturnType<typeof tf.tensor>, rows: number, heads: number): ReturnType<typeof tf.tensor> {
  const [a, b] = tf.split(tf.reshape(x, [rows, heads, -1, 2]), 2, 3);
  return tf.reshape(tf.concat([tf.neg(b), a], 3), x.shape);
}
