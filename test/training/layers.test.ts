import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../src/tensors/tf.ts';
import { attention, causalMask, crossEntropy, dropout, geluNew, layerNorm, noDropout } from '../../training/layers.ts';
import { seededRandom } from '../../training/random.ts';
import { assertClose } from './support.ts';

const random = seededRandom(1);
const normal = (rows: number, columns: number) =>
  tf.tensor2d(Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal())));

/** Gradient with respect to `x` of the sum of `f(x)` weighted by `by`. */
const gradient = (f: (x: tf.Tensor2D) => tf.Tensor, x: tf.Tensor2D, by: tf.Tensor) =>
  tf.grad((input: tf.Tensor) =>
    f(input as tf.Tensor2D)
      .mul(by)
      .sum(),
  )(x);

test('layer norm: value and gradient are those of its definition', () => {
  const x = normal(5, 8);
  const by = normal(5, 8);
  const weight = normal(1, 8).reshape([8]);
  const bias = normal(1, 8).reshape([8]);
  const plain = (input: tf.Tensor) => {
    const { mean, variance } = tf.moments(input, -1, true);
    return input.sub(mean).div(variance.add(1e-5).sqrt()).mul(weight).add(bias);
  };
  const ours = (input: tf.Tensor2D) => layerNorm(input, weight, bias, 1e-5);
  assertClose(ours(x), plain(x));
  assertClose(gradient(ours, x, by), gradient(plain, x, by));
});

test('GELU: value and gradient are those of its definition', () => {
  const x = normal(4, 6);
  const by = normal(4, 6);
  const plain = (u: tf.Tensor) =>
    u.mul(0.5).mul(
      u
        .add(u.pow(3).mul(0.044715))
        .mul(Math.sqrt(2 / Math.PI))
        .tanh()
        .add(1),
    );
  assertClose(geluNew(x), plain(x));
  assertClose(gradient(geluNew, x, by), gradient(plain, x, by));
});

test('cross-entropy counts only the rows that have a target', () => {
  const logits = normal(3, 5);
  const plain = (input: tf.Tensor) => {
    const logProbabilities = tf.logSoftmax(input as tf.Tensor2D);
    return logProbabilities
      .slice([0, 4], [1, 1])
      .add(logProbabilities.slice([2, 1], [1, 1]))
      .div(-2)
      .sum();
  };
  const ours = (input: tf.Tensor2D) => crossEntropy(input, [4, -1, 1]);
  assertClose(ours(logits), plain(logits));
  assertClose(gradient(ours, logits, tf.scalar(1)), gradient(plain, logits, tf.scalar(1)));
});

test('with a causal mask a later position changes nothing before it', () => {
  const shape = { batch: 1, heads: 2, queryLength: 4, keyLength: 4 };
  const q = normal(4, 6);
  const k = normal(4, 6);
  const v = normal(4, 6);
  const other = tf.concat([v.slice([0, 0], [3, -1]), normal(1, 6)]);
  const before = attention([q, k, v], shape, causalMask(4), noDropout);
  const after = attention([q, k, other], shape, causalMask(4), noDropout);
  assertClose(after.slice([0, 0], [3, -1]), before.slice([0, 0], [3, -1]), 1e-6);
  assert.throws(() => assertClose(after, before, 1e-3), /off by/);
});

test('dropout zeroes the given share, keeps the mean, and refuses more than its pool holds', () => {
  const drop = dropout(0.25, seededRandom(2), 10_000);
  const kept = drop(tf.ones([5000]));
  const values = kept.dataSync();
  const zeros = values.filter((value) => value === 0).length / values.length;
  assert.ok(Math.abs(zeros - 0.25) < 0.03, `${zeros}`);
  assert.ok(Math.abs(kept.mean().dataSync()[0] - 1) < 0.04);
  assert.throws(() => drop(tf.ones([10_001])), /longer than the pool/);
});
