/** square_grad against the gradients of the samples one by one, and against numbers by hand. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import squareGrad from '../../../src/attribution/methods/square_grad.ts';
import { assertNoisy, mean } from './noise.ts';

const meanSquare = (gradients: number[]): number => mean(gradients.map((gradient) => gradient ** 2));

it('square_grad is the mean of the squared gradients at the noisy copies', async () => {
  assert.deepEqual(meanSquare([1, 2, 4]), 7);
  await assertNoisy(squareGrad, meanSquare);
});
