/** Which tokens count as salient: the rule of the reference library, checked by hand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { salient, thresholdOf } from '../../src/results/salience.ts';

test('the threshold is the mean plus standard deviations of a sample', () => {
  assert.equal(thresholdOf([1, 2, 3], 0), 2);
  assert.equal(thresholdOf([1, 2, 3], 1), 3);
  assert.equal(thresholdOf([1, 2, 3], null), 0);
  assert.equal(thresholdOf([5], 1), 5);
  assert.equal(thresholdOf([], 1), 0);
});

test('scores are salient by their size, the largest first', () => {
  assert.deepEqual(salient([1, -3, 2, 2], 2, null), [1, 2, 3]);
  assert.deepEqual(salient([1, -3, 2, 2], 2, 2), [1, 2]);
  assert.deepEqual(salient([1, -3], 4, null), []);
});
