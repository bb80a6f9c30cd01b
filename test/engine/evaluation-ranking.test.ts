/** Means, intervals and ranks from numbers that a reader can check by hand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimate, meanRanks } from '../../src/engine/evaluation-ranking.ts';
import { Random } from '../../src/random.ts';

test('a mean has an interval where there are several texts', () => {
  assert.equal(estimate([], 1), null);
  assert.deepEqual(estimate([0.5], 1), { mean: 0.5, low: null, high: null });
  assert.deepEqual(estimate([2, 2, 2], 1), { mean: 2, low: 2, high: 2 });
  // Of 0 and 1 the means of two draws are 0, 1/2 and 1, a quarter, a half and a quarter of the time.
  assert.deepEqual(estimate([0, 1], 1), { mean: 0.5, low: 0, high: 1 });
});

test('intervals of many texts are about as wide as the normal approximation says', () => {
  const random = new Random(3);
  const values = Array.from({ length: 400 }, () => random.normal());
  const found = estimate(values, 1);
  assert.ok(found?.low != null && found.high != null);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const half = (1.96 * deviation) / Math.sqrt(values.length);
  assert.ok(Math.abs(found.mean - mean) < 1e-12);
  assert.ok(Math.abs(found.low - (mean - half)) < 0.2 * half, `${found.low}`);
  assert.ok(Math.abs(found.high - (mean + half)) < 0.2 * half, `${found.high}`);
  assert.deepEqual(estimate(values, 1), found, 'the same seed gives the same interval');
});

test('ranks are averaged over metrics, each in its own direction', () => {
  // By the first metric the order is 1, 0, 2; by the second 0, then 1 and 2 alike.
  const metrics = [
    { better: 'higher' as const, means: [0.4, 0.5, 0.1] },
    { better: 'lower' as const, means: [0.1, 0.3, 0.3] },
  ];
  assert.deepEqual(meanRanks(metrics, 3), [1.5, 1.75, 2.75]);
});

test('what has no number comes last, and what nobody has a number for does not count', () => {
  const metrics = [
    { better: 'higher' as const, means: [null, 0.5, null] },
    { better: 'higher' as const, means: [0.9, 0.1, null] },
    { better: 'lower' as const, means: [null, null, null] },
  ];
  assert.deepEqual(meanRanks(metrics, 3), [1.75, 1.5, null]);
  assert.deepEqual(meanRanks([{ better: 'lower', means: [null] }], 1), [null]);
});
