/**
 * The nucleus of a distribution (Holtzman et al. 2020, arXiv:1904.09751): tokens that carry its mass.
 *
 * As in Inseq and transformers, tokens are dropped in ascending order of probability for as long as the dropped ones
 * together have at most 1 - p; at least `atLeast` tokens stay. Tokens that tie with the last one kept stay, too.
 * Unlike the nucleus that generation samples from, which is counted from the most probable token on. Call in a tidy.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../../tensors/tf.ts';

/** How many tokens of each row of logits [rows, vocab] the nucleus holds: [rows] */
export function nucleusSizes(logits: Tensor2D, p: number, atLeast = 1): Tensor1D {
  return sizes(descending(logits), p, atLeast);
}

/** 1 for the tokens of each row's nucleus, 0 for the others: [rows, vocab] */
export function nucleusMask(logits: Tensor2D, p: number, atLeast = 1): Tensor2D {
  const [rows, vocab] = logits.shape;
  if (p >= 1) return tf.ones([rows, vocab]);
  const sorted = descending(logits);
  const kept = tf.reshape(sizes(sorted, p, atLeast), [rows, 1]);
  const last = tf.equal(tf.range(1, vocab + 1), kept);
  return atLeastAs(logits, tf.sum(tf.where(last, sorted, tf.zerosLike(sorted)), 1, true));
}

/** 1 for the k most probable tokens of each row and those that tie with the last of them: [rows, vocab] */
export function topKMask(logits: Tensor2D, k: number): Tensor2D {
  const [rows, vocab] = logits.shape;
  if (k <= 0 || k >= vocab) return tf.ones([rows, vocab]);
  return atLeastAs(logits, tf.slice(tf.topk(logits, k).values, [0, k - 1], [rows, 1]));
}

function descending(logits: Tensor2D): Tensor2D {
  return tf.topk(logits, logits.shape[1]).values;
}

function sizes(sorted: Tensor2D, p: number, atLeast: number): Tensor1D {
  const [rows, vocab] = sorted.shape;
  if (p >= 1) return tf.fill([rows], vocab);
  // The share of each token and all that are less probable, summed from the smallest on.
  const shares = tf.cumsum(tf.softmax(sorted), 1, false, true);
  const kept = tf.sum(tf.cast(tf.greater(shares, 1 - p), 'float32'), 1) as Tensor1D;
  return tf.maximum(kept, Math.min(atLeast, vocab));
}

function atLeastAs(logits: Tensor2D, threshold: Tensor): Tensor2D {
  return tf.cast(tf.greaterEqual(logits, threshold), 'float32');
}
