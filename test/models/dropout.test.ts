/**
 * Monte Carlo dropout: every family draws its masks where transformers does in training mode, at the same rates. The
 * k-th mask of a pass is computed from k, so that logits are equal only where masks fall on the same values.
 */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { startBackend } from '../../src/tensors/backend.ts';
import { type Tensor, tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/goldens.ts';
import { FAMILY_CASES, type TrainingCase } from './family-cases.ts';
import { logitsOf, withModel } from './family-forward.ts';
import { weightOf } from './generated-checkpoint.ts';

/** Masks as test/fixtures/families/make.py computes them, and how many have each "rate x size". */
function countedMasks() {
  const drawn: Record<string, number> = {};
  let count = 0;
  const dropout = (shape: number[], rate: number): Tensor => {
    const size = shape.reduce((product, side) => product * side, 1);
    const kept = weightOf(`mask ${count++}`, [1, size]).map((value) => (value + 0.5 >= rate ? 1 / (1 - rate) : 0));
    const key = `${rate} x ${size}`;
    drawn[key] = (drawn[key] ?? 0) + 1;
    return tf.tensor(kept, shape);
  };
  return { drawn, dropout };
}

describe('dropout', () => {
  before(() => startBackend('auto'));

  for (const golden of FAMILY_CASES) {
    for (const { rates, masks, logits } of golden.dropout ?? ([] as TrainingCase[])) {
      it(`${golden.name}, ${Object.keys(rates).length === 0 ? 'rates left out' : JSON.stringify(rates)}`, async () => {
        await withModel(golden, rates, (model) => {
          const { drawn, dropout } = countedMasks();
          const found = tf.tidy(() => logitsOf(model, { dropout }).dataSync());
          assert.deepEqual(drawn, masks);
          const lastThree = found.slice(-3 * model.vocabSize) as Float32Array;
          assertClose(lastThree, logits.flat(), { rel_to_max: 5e-5 }, 'logits in training mode');
        });
      });
    }
  }
});
