/** The blocks' programs on WebGPU against their formulas, written out row by row. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { startBackend } from '../../src/tensors/backend.ts';
import {
  gatedByKernel,
  multiplyRowsByKernel,
  normByKernel,
  normPullbackByKernel,
} from '../../src/tensors/block-kernels.ts';
import { read } from '../../src/tensors/read.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/close.ts';
import { softwareGpu } from '../support/software-gpu.ts';

const { skip } = softwareGpu();
const EPSILON = 1e-5;
const CLOSE = { rel_to_max: 2e-6 };

const wave = (length: number, step: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * step) + 0.3);
const matrix = (rows: number, columns: number, step = 0.7): Tensor2D =>
  tf.tensor2d(wave(rows * columns, step), [rows, columns]);

/** Normal form and inverse deviation of consecutive groups of `width` values. */
function normalized(x: Float32Array, width: number, center: boolean): { normal: number[]; inverse: number[] } {
  const normal: number[] = [];
  const inverse: number[] = [];
  for (let first = 0; first < x.length; first += width) {
    const row = [...x.subarray(first, first + width)];
    const mean = center ? row.reduce((sum, value) => sum + value, 0) / width : 0;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    inverse.push(1 / Math.sqrt(variance + EPSILON));
    normal.push(...row.map((value) => (value - mean) / Math.sqrt(variance + EPSILON)));
  }
  return { normal, inverse };
}

describe('programs of the blocks on WebGPU', { skip }, () => {
  before(() => startBackend('webgpu'));

  // Fewer and more columns than lanes, whole lanes, heads, and more rows than workgroups fit along an axis.
  for (const [rows, width, heads] of [
    [3, 5, 1],
    [4, 64, 1],
    [2, 131, 1],
    [3, 7, 4],
    [1100, 3, 1],
  ]) {
    for (const center of [true, false]) {
      it(`${center ? 'layer' : 'RMS'} norm of [${rows}, ${heads} x ${width}] and its pullback`, async () => {
        const values = wave(rows * heads * width, 0.7).map((value, i) => value + (i % 2 === 0 ? 2 : -2));
        const weight = wave(width, 1.3);
        const bias = wave(width, 0.4);
        const expected = normalized(values, width, center);
        const found = async (which: number) =>
          read(() => {
            const x = tf.tensor2d(values, [rows, heads * width]);
            const config = { weight: tf.tensor1d(weight), bias: tf.tensor1d(bias), epsilon: EPSILON, center };
            return (normByKernel(x, config) as Tensor2D[])[which];
          });
        const scaled = expected.normal.map((value, i) => value * weight[i % width] + bias[i % width]);
        for (const [which, wanted] of [expected.normal, expected.inverse, scaled].entries()) {
          assertClose(await found(which), wanted, CLOSE, `output ${which}`);
        }

        const row = Int32Array.of(rows - 1, 0, rows - 1);
        const dy = wave(row.length * heads * width, 0.9);
        const pulled = await read(() => {
          const saved = {
            normal: tf.tensor2d(Float32Array.from(expected.normal), [rows, heads * width]),
            inverse: tf.tensor2d(Float32Array.from(expected.inverse), [rows, heads]),
            weight: tf.tensor1d(weight),
            center,
          };
          const cotangents = tf.tensor2d(dy, [row.length, heads * width]);
          return normPullbackByKernel(cotangents, saved, tf.tensor1d(row, 'int32')) as Tensor2D;
        });
        const wanted: number[] = [];
        for (const [r, from] of row.entries()) {
          for (let h = 0; h < heads; h++) {
            const group = from * heads + h;
            const normal = expected.normal.slice(group * width, (group + 1) * width);
            const direct = normal.map((_, k) => dy[(r * heads + h) * width + k] * weight[k]);
            const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / width;
            const level = center ? mean(direct) : 0;
            const along = mean(direct.map((value, k) => value * normal[k]));
            wanted.push(...direct.map((value, k) => (value - level - normal[k] * along) * expected.inverse[group]));
          }
        }
        assertClose(pulled, wanted, { rel_to_max: 1e-5 }, 'pullback');
      });
    }
  }

  it('x sigmoid(a x + b x³) and its derivative, far from zero too', async () => {
    const [linear, cubic] = [1.6, 0.07];
    const values = Float32Array.of(-60, -4, -1, -0.1, 0, 0.2, 1, 3, 60);
    const gate = (x: number) => 1 / (1 + Math.exp(-x * (cubic * x * x + linear)));
    const wanted = {
      value: [...values].map((x) => x * gate(x)),
      derivative: [...values].map((x) => gate(x) + x * gate(x) * (1 - gate(x)) * (3 * cubic * x * x + linear)),
    };
    for (const which of ['value', 'derivative'] as const) {
      const found = await read(() => gatedByKernel(tf.tensor2d(values, [1, 9]), { linear, cubic }, which) as Tensor2D);
      assertClose(found, wanted[which], CLOSE, which);
    }
  });

  it('rows times the rows that an index names', async () => {
    const found = await read(
      () => multiplyRowsByKernel(matrix(3, 2), matrix(4, 2, 1.1), tf.tensor1d([3, 0, 3], 'int32')) as Tensor2D,
    );
    const [dy, saved] = [wave(6, 0.7), wave(8, 1.1)];
    const wanted = [3, 0, 3].flatMap((row, i) => [0, 1].map((k) => dy[2 * i + k] * saved[2 * row + k]));
    assertClose(found, wanted, CLOSE, 'product');
    assert.equal(found.length, 6);
  });
});
