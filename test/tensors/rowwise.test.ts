/**
 * The product of a row is the same, bit for bit, whatever other rows are multiplied with it: on WASM, and on the native
 * backend of processors with AVX-512 VNNI.
 */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { FloatMatrix, Int8Matrix, type Matrix } from '../../src/tensors/matrix.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { EXACT } from '../support/beside.ts';

const COUNTS = [1, 2, 3, 7, 16, 33];
/** Wide enough for a sum to be split among lanes and blocks. */
const SHAPES: [number, number][] = [
  [64, 96],
  [768, 512],
  [3072, 768],
];

for (const backend of ['tensorflow', 'wasm'] as const) {
  const skip = backend === 'tensorflow' && !EXACT && 'this processor has no AVX-512 VNNI';
  describe(`products row by row on ${backend}`, { skip }, () => {
    before(() => startBackend(backend));

    for (const [inFeatures, outFeatures] of SHAPES) {
      const random = new Random(5);
      const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
      const weight = numbers(outFeatures * inFeatures);
      const rule = { threshold: 2.5, outliers: 'row' } as const;
      const matrices: [string, () => Matrix][] = [
        ['float', () => new FloatMatrix(tf.tensor2d(weight, [outFeatures, inFeatures]), false)],
        ['int8', () => Int8Matrix.quantize(weight, [outFeatures, inFeatures], false, rule)],
      ];
      for (const [name, make] of matrices) {
        it(`${name}, ${inFeatures} to ${outFeatures}`, () => {
          const matrix = make();
          for (const [width, product] of [
            [inFeatures, (rows: Tensor2D) => matrix.multiply(rows)],
            [outFeatures, (rows: Tensor2D) => matrix.pullback(rows)],
          ] as const) {
            tf.tidy(() => {
              const rows = tf.tensor2d(numbers(33 * width), [33, width]);
              const whole = product(rows).dataSync();
              for (const count of COUNTS) {
                const first = product(tf.slice(rows, [0, 0], [count, width])).dataSync();
                assert.deepEqual(first, whole.slice(0, first.length), `${count} rows`);
              }
            });
          }
          matrix.dispose();
        });
      }
    }
  });
}
