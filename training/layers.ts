/** Transformer layers as differentiable TensorFlow.js ops, for training only (the service has its own in src/nn, with pullbacks). */
import { tf } from '../src/tensors/tf.ts';
import type { Random } from './random.ts';

/** Trainable tensors by the checkpoint's own names, in the checkpoint's own layout. */
export type Parameters = Record<string, tf.Variable>;

/** Zeroes a random part of the entries while training, and scales the rest up to keep the mean. */
export type Dropout = <T extends tf.Tensor>(x: T) => T;

/** Evaluation mode. */
export const noDropout: Dropout = (x) => x;

/**
 * A dropout layer that cuts its masks out of one long random mask at random offsets: drawing millions of numbers in JavaScript at every
 * step would cost more than the model itself.
 */
export function dropout(rate: number, random: Random, poolSize = 1 << 22): Dropout {
  const keep = Float32Array.from({ length: poolSize }, () => (random.next() < rate ? 0 : 1 / (1 - rate)));
  const pool = tf.keep(tf.tensor1d(keep));
  return (x) => {
    if (x.size > poolSize)
      throw new Error(`a dropout mask of ${x.size} entries is longer than the pool of ${poolSize}`);
    const mask = pool.slice(random.below(poolSize - x.size + 1), x.size).reshape(x.shape);
    return x.mul(mask);
  };
}

/** Normalizes the last axis (Ba et al. 2016), with the analytic gradient: autodiff would take three times as many ops. */
export function layerNorm(x: tf.Tensor2D, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor2D {
  const normalize = tf.customGrad((input, save) => {
    const { mean, variance } = tf.moments(input as tf.Tensor, -1, true);
    const inverse = variance.add(epsilon).rsqrt();
    const value = (input as tf.Tensor).sub(mean).mul(inverse);
    (save as tf.GradSaveFunc)([value, inverse]);
    return {
      value,
      gradFunc: (dy, [y, inv]) => inv.mul(dy.sub(dy.mean(-1, true)).sub(y.mul(dy.mul(y).mean(-1, true)))),
    };
  });
  return normalize(x).mul(weight).add(bias) as tf.Tensor2D;
}

/** GELU in GPT-2's tanh approximation (`gelu_new`; Hendrycks & Gimpel 2016), with its analytic gradient. */
export function geluNew(x: tf.Tensor2D): tf.Tensor2D {
  const c = Math.sqrt(2 / Math.PI);
  const activate = tf.customGrad((input, save) => {
    const u = input as tf.Tensor;
    const t = u
      .mul(
        u
          .square()
          .mul(0.044715 * c)
          .add(c),
      )
      .tanh();
    (save as tf.GradSaveFunc)([u, t]);
    return {
      value: u.mul(t.add(1)).mul(0.5),
      gradFunc: (dy, [v, s]) => {
        const slope = v
          .square()
          .mul(3 * 0.044715 * c)
          .add(c);
        return dy.mul(
          s
            .add(1)
            .add(v.mul(slope).mul(tf.sub(1, s.square())))
            .mul(0.5),
        );
      },
    };
  });
  return activate(x) as tf.Tensor2D;
}

/** Where attention may look: queries and keys in batches of rows. */
export interface AttentionShape {
  batch: number;
  heads: number;
  queryLength: number;
  keyLength: number;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017).
 * @param q `[batch * queryLength, hidden]`; `k` and `v`: `[batch * keyLength, hidden]`
 * @param mask added to the scores, broadcast to `[batch, heads, queryLength, keyLength]`: 0 where a query may look, -1e9 elsewhere
 */
export function attention(
  [q, k, v]: tf.Tensor[],
  { batch, heads, queryLength, keyLength }: AttentionShape,
  mask: tf.Tensor,
  drop: Dropout,
): tf.Tensor2D {
  const headDim = q.shape[1]! / heads;
  const split = (x: tf.Tensor, length: number) => x.reshape([batch, length, heads, headDim]).transpose([0, 2, 1, 3]);
  const scores = tf.matMul(split(q, queryLength), split(k, keyLength), false, true).div(Math.sqrt(headDim));
  const mixed = tf.matMul(drop(tf.softmax(scores.add(mask))), split(v, keyLength));
  return mixed.transpose([0, 2, 1, 3]).reshape([batch * queryLength, heads * headDim]);
}

/** `[1, 1, length, length]`: each position sees itself and what came before. */
export function causalMask(length: number): tf.Tensor {
  const rows = Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => (j <= i ? 0 : -1e9)));
  return tf.tensor2d(rows).reshape([1, 1, length, length]);
}

/**
 * Mean cross-entropy in nats over the rows whose target is not negative.
 * @param logits `[rows, vocab]`
 * @param targets `rows` token ids, or -1 for rows that do not count
 */
export function crossEntropy(logits: tf.Tensor2D, targets: number[]): tf.Scalar {
  const counted = targets.filter((id) => id >= 0).length;
  const wanted = tf.tensor1d(targets, 'int32');
  const lossOf = tf.customGrad((input, save) => {
    const logProbabilities = tf.logSoftmax(input as tf.Tensor2D);
    const oneHot = tf.oneHot(wanted, logits.shape[1]); // a row of zeros for -1
    const weights = tf.greaterEqual(wanted, 0).cast('float32').div(counted).expandDims(1);
    (save as tf.GradSaveFunc)([logProbabilities, oneHot, weights]);
    return {
      value: logProbabilities.mul(oneHot).mul(weights).sum().neg(),
      gradFunc: (dy, [logp, hot, w]) => logp.exp().sub(hot).mul(w).mul(dy),
    };
  });
  return lossOf(logits) as tf.Scalar;
}
