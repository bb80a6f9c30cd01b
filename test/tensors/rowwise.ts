/** Rows alone and among others, whose numbers are to be the same to the last bit. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ACTIVATION_FUNCTIONS } from '../../src/nn/activation-functions.ts';
import { layerNorm } from '../../src/nn/norm.ts';
import { Rows } from '../../src/nn/rows.ts';
import { Run } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { FloatMatrix, Int8Matrix, type Matrix } from '../../src/tensors/matrix.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';

const ROWS = 33;
const COUNTS = [1, 2, 3, 5, 7, 16, 33];
/** In, out: such as fit no vector, and wide enough for a sum to be split among lanes and blocks. */
const SHAPES: [number, number][] = [
  [5, 7],
  [33, 131],
  [64, 96],
  [768, 512],
  [3072, 768],
];
const WIDTHS = [1, 7, 33, 97];

const random = new Random(5);
const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => 2 * random.normal());

/** Holds what `compute` makes of some rows, from any of them on, against what it makes of all. */
function assertRowwise(width: number, compute: (rows: Tensor2D) => Tensor2D): void {
  tf.tidy(() => {
    const rows = tf.tensor2d(numbers(ROWS * width), [ROWS, width]);
    const whole = compute(rows);
    const columns = whole.shape[1];
    const wanted = whole.dataSync();
    for (const count of COUNTS) {
      for (const first of new Set([0, Math.min(4, ROWS - count), ROWS - count])) {
        const found = compute(tf.slice(rows, [first, 0], [count, width])).dataSync();
        const part = wanted.slice(first * columns, (first + count) * columns);
        assert.deepEqual(found, part, `${count} rows from row ${first} on, ${width} wide`);
      }
    }
  });
}

export function describeRows(backend: 'tensorflow' | 'wasm'): void {
  describe(`rows alone and among others on ${backend}`, () => {
    before(() => startBackend(backend));

    for (const [inFeatures, outFeatures] of SHAPES) {
      const weight = numbers(outFeatures * inFeatures);
      const rule = { threshold: 5, outliers: 'row' } as const;
      const matrices: [string, () => Matrix][] = [
        ['float', () => new FloatMatrix(tf.tensor2d(weight, [outFeatures, inFeatures]), false)],
        ['int8', () => Int8Matrix.quantize(weight, [outFeatures, inFeatures], false, rule)],
      ];
      for (const [name, make] of matrices) {
        it(`products in ${name}, ${inFeatures} to ${outFeatures}`, () => {
          const matrix = make();
          assertRowwise(inFeatures, (rows) => matrix.multiply(rows));
          assertRowwise(outFeatures, (rows) => matrix.pullback(rows));
          matrix.dispose();
        });
      }
    }

    for (const [name, activation] of Object.entries(ACTIVATION_FUNCTIONS)) {
      it(`${name} and its derivative`, () => {
        for (const width of WIDTHS) {
          assertRowwise(width, (rows) => activation(rows).value);
          assertRowwise(width, (rows) => activation(rows).derivative());
        }
      });
    }

    it('layer norm', () => {
      for (const width of WIDTHS) {
        const [weight, bias] = [tf.tensor1d(numbers(width)), tf.tensor1d(numbers(width))];
        assertRowwise(width, (rows) => {
          const run = new Run({ record: false });
          const value = run.leaf(rows, run.ownRows(Rows.full(1, rows.shape[0])));
          return layerNorm(run, value, { name: 'norm', weight, bias, epsilon: 1e-5 }).tensor.clone();
        });
      }
    });
  });
}
