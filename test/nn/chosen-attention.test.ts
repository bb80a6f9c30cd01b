/** Attention that has chosen one position: nothing of the cotangents of queries and keys may be left but exact zeros. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { attention } from '../../src/nn/attention.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import { randomMatrix } from './check-pullback.ts';

const [LENGTH, HEADS, HEAD_DIM] = [21, 5, 8];
const WIDTH = HEADS * HEAD_DIM;

for (const backend of BACKENDS) {
  describe(`attention with scores of hundreds, on ${backend}`, () => {
    before(async () => {
      await startBackend(backend);
    });

    it('pulls nothing back to queries and keys, and the chosen positions to values', () => {
      const random = new Random(3);
      // Keys of different lengths along each query: no two scores are near each other.
      const direction = randomMatrix(random, 1, WIDTH);
      const lengths = tf.tensor2d(
        Float32Array.from({ length: LENGTH }, (_, p) => 40 * ((p * 8) % LENGTH)),
        [LENGTH, 1],
      );
      const run = new Run({ record: true });
      const rows = run.ownRows(Rows.full(1, LENGTH));
      const q = run.leaf(tf.tile(direction, [LENGTH, 1]), rows);
      const k = run.leaf(tf.mul(lengths, direction), rows);
      const v = run.leaf(randomMatrix(random, LENGTH, WIDTH), rows);
      const config = { name: 'a', numHeads: HEADS, numKvHeads: HEADS, headDim: HEAD_DIM, scale: 1, causal: true };
      const mixed = attention(run, q, k, v, config);
      const read = Int32Array.of(6, 20);
      const selected = selectPositions(run, mixed, [read]);
      const steps = Steps.of(read);
      const seed = randomMatrix(random, read.length, WIDTH);
      const [ofQ, ofK, ofV] = run.pullback(selected, stepCotangent(selected, seed, steps), [q, k, v]);
      assert.ok(ofQ && ofK && ofV);
      for (const { tensor } of [ofQ, ofK]) assert.ok(tensor.dataSync().every((value) => Math.abs(value) < 1e-12));
      const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
      assert.ok(Math.abs(total(ofV.tensor.dataSync()) - total(seed.dataSync())) < 1e-4);
      run.dispose();
      steps.dispose();
    });
  });
}
