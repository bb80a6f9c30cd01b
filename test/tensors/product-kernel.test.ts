/** Our own product of a linear layer against sums in float64, at sizes that fill no strip, panel or block. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { kernelBackend } from '../../src/tensors/kernels.ts';
import { productByKernel } from '../../src/tensors/product-kernel.ts';
import { tf } from '../../src/tensors/tf.ts';

/** Rows, depth, columns. */
const SIZES: [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [8, 16, 48],
  [9, 383, 97],
  [150, 401, 31],
  [17, 769, 145],
];

describe('products of linear layers by our own op', () => {
  before(() => startBackend('tensorflow'));

  for (const [rows, depth, columns] of SIZES) {
    for (const transposed of [false, true]) {
      for (const biased of [false, true]) {
        const layout = transposed ? 'transposed' : 'as it is';
        it(`${rows} rows of ${depth} to ${columns}, ${layout}${biased ? ', with a bias' : ''}`, (t) => {
          if (kernelBackend() === null) return t.skip('the kernel does not run here');
          const random = new Random(3);
          const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
          const [x, weight, bias] = [numbers(rows * depth), numbers(depth * columns), numbers(columns)];
          const given = tf.tidy(() => {
            const shape: [number, number] = transposed ? [columns, depth] : [depth, columns];
            const product = productByKernel(
              tf.tensor2d(x, [rows, depth]),
              tf.tensor2d(weight, shape),
              transposed,
              biased ? tf.tensor1d(bias) : null,
            );
            assert.deepEqual(product?.shape, [rows, columns]);
            return product?.dataSync() ?? [];
          });
          for (let row = 0; row < rows; row++) {
            for (let column = 0; column < columns; column++) {
              let sum = biased ? bias[column] : 0;
              let magnitude = Math.abs(sum);
              for (let k = 0; k < depth; k++) {
                const entry = x[row * depth + k] * weight[transposed ? column * depth + k : k * columns + column];
                sum += entry;
                magnitude += Math.abs(entry);
              }
              const error = Math.abs(given[row * columns + column] - sum);
              assert.ok(error <= 2 ** -20 * magnitude, `row ${row}, column ${column}: off by ${error}`);
            }
          }
        });
      }
    }
  }

  it('refuses a weight of another depth', (t) => {
    if (kernelBackend() === null) return t.skip('the kernel does not run here');
    assert.throws(() => productByKernel(tf.ones([2, 3]), tf.ones([4, 5]), false), /rows and weights do not fit/);
  });
});
