/** Activation functions against torch: every plain function that a config of transformers can name. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { ACTIVATION_NAMES, activation } from '../../src/nn/activation.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';

interface Golden {
  value: number[];
  derivative: number[];
  /** By distance from the input. */
  quotients?: number[][];
}

const { inputs, distances, functions } = JSON.parse(
  readFileSync(new URL('../fixtures/activations/activations.json', import.meta.url), 'utf8'),
) as { inputs: number[]; distances: number[]; functions: Record<string, Golden> };

/** Value of x, and what the pullback makes of a cotangent of ones; `references`: the rescale rule's baselines. */
function run(kind: string, x: number[], references: number[] | null = null) {
  const segments = references === null ? [x] : [x, references];
  const own = new Run({ record: true, rescale: references !== null });
  const result = tf.tidy(() => {
    const rows = own.ownRows(Rows.full(segments.length, 1));
    const leaf = own.leaf(tf.tensor2d(segments), rows);
    const output = activation(own, leaf, kind);
    const steps = Steps.of(Int32Array.of(0), undefined, 1);
    const [pulled] = own.pullback(output, stepCotangent(output, tf.ones([1, x.length]), steps), [leaf]);
    steps.dispose();
    assert.ok(pulled !== null);
    const slope = pulled.tensor.dataSync();
    pulled.tensor.dispose();
    return { value: output.tensor.dataSync().subarray(0, x.length), slope };
  });
  own.dispose();
  return result;
}

function assertNear(found: ArrayLike<number>, expected: number[], at: number[], allowed: (value: number) => number) {
  expected.forEach((value, k) => {
    const off = Math.abs(found[k] - value);
    assert.ok(off <= allowed(value), `at ${at[k]}: ${found[k]}, torch has ${value}`);
  });
}

for (const backend of BACKENDS) {
  describe(`activation functions on ${backend}`, () => {
    before(() => startBackend(backend));

    it('are all those of ACT2FN that have no weights', () => {
      assert.deepEqual([...ACTIVATION_NAMES].sort(), Object.keys(functions).sort());
    });

    for (const [kind, golden] of Object.entries(functions)) {
      it(`${kind}: values and derivatives of torch`, () => {
        const { value, slope } = run(kind, inputs);
        assertNear(value, golden.value, inputs, (size) => 5e-7 * Math.max(1, Math.abs(size)));
        assertNear(slope, golden.derivative, inputs, () => 2e-6);
      });

      it(`${kind}: DeepLIFT's rescale rule`, () => {
        distances.forEach((distance, k) => {
          const others = inputs.map((x) => Math.fround(x + distance));
          const { slope } = run(kind, others, inputs);
          const at = inputs.map((x) => x + distance);
          // Relative: a quotient of small differences keeps its digits.
          if (golden.quotients !== undefined) {
            assertNear(slope, golden.quotients[k], at, (size) => 2e-6 * Math.abs(size) + 1e-30);
          } else {
            assertNear(slope, Array.from(run(kind, others).slope), at, () => 1e-6);
          }
        });
      });
    }
  });
}
