/** smooth_grad against the gradients of the samples one by one, and against numbers by hand. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import smoothGrad from '../../../src/attribution/methods/smooth_grad.ts';
import { assertNoisy, mean } from './noise.ts';

it('smooth_grad is the mean of the gradients at the noisy copies', async () => {
  assert.deepEqual(mean([1, 2, 6]), 3);
  await assertNoisy(smoothGrad, mean);
});
