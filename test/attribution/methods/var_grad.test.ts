/** var_grad against the gradients of the samples one by one, and against numbers by hand. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import varGrad from '../../../src/attribution/methods/var_grad.ts';
import { assertNoisy, mean } from './noise.ts';

const variance = (gradients: number[]): number => mean(gradients.map((gradient) => (gradient - mean(gradients)) ** 2));

it('var_grad is the variance of the gradients at the noisy copies', async () => {
  assert.deepEqual(variance([1, 3, 5, 7]), 5);
  await assertNoisy(varGrad, variance);
});
