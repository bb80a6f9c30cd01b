/** Int8 matrices against single layers of bitsandbytes, on both backends in turn. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startBackend } from '../../src/tensors/backend.ts';
import { Int8Matrix } from '../../src/tensors/matrix.ts';
import { quantizeRows } from '../../src/tensors/quantize.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose, int8Cases } from '../support/goldens.ts';

interface LayerCase {
  threshold: number;
  weight: number[][];
  bias: number[];
  weight_int8: number[][];
  SCB: number[];
  input: number[][];
  output: number[][];
  grad_output: number[][];
  grad_input: number[][];
}

const cases = int8Cases('linear8bitlt').cases as LayerCase[];
const TOLERANCE = { rtol: 1e-4, atol: 1e-4 };

for (const backend of ['tensorflow', 'wasm'] as const) {
  describe(`int8 layers on ${backend}`, () => {
    before(async () => {
      await startBackend(backend);
    });

    cases.forEach((golden, index) => {
      const rows = golden.weight.length;
      const columns = golden.weight[0].length;
      const quantized = () => quantizeRows(Float32Array.from(golden.weight.flat()), rows, columns, false);

      test(`case ${index}: codes and scales of the weight are exact`, () => {
        const { codes, scale } = quantized();
        assert.deepEqual(Array.from(codes), golden.weight_int8.flat());
        assert.deepEqual(Array.from(scale), Array.from(Float32Array.from(golden.SCB)));
      });

      test(`case ${index}: a transposed weight gives the same codes`, () => {
        const transposed = new Float32Array(rows * columns);
        golden.weight.forEach((row, r) => {
          row.forEach((value, c) => {
            transposed[c * rows + r] = value;
          });
        });
        const { codes, scale } = quantizeRows(transposed, columns, rows, true);
        const straight = quantized();
        assert.deepEqual(codes, straight.codes);
        assert.deepEqual(scale, straight.scale);
      });

      test(`case ${index}: output and pullback at threshold ${golden.threshold}`, () => {
        const { codes, scale } = quantized();
        const matrix = new Int8Matrix(codes, scale, columns, { threshold: golden.threshold, outliers: 'batch' });
        const [output, gradient] = tf.tidy(() => [
          tf.add(matrix.multiply(tf.tensor2d(golden.input)), tf.tensor1d(golden.bias)),
          matrix.pullback(tf.tensor2d(golden.grad_output)),
        ]);
        assertClose(Array.from(output.dataSync()), golden.output.flat(), TOLERANCE, 'output');
        assertClose(Array.from(gradient.dataSync()), golden.grad_input.flat(), TOLERANCE, 'gradient');
        matrix.dispose();
        output.dispose();
        gradient.dispose();
      });
    });

    test('outliers by row: the result of a row does not depend on the other rows', () => {
      const golden = cases[2];
      const { codes, scale } = quantizeRows(
        Float32Array.from(golden.weight.flat()),
        golden.weight.length,
        golden.weight[0].length,
        false,
      );
      const matrix = new Int8Matrix(codes, scale, golden.weight[0].length, { threshold: 2, outliers: 'row' });
      const product = (input: number[][]): number[] => {
        const output = tf.tidy(() => matrix.multiply(tf.tensor2d(input) as Tensor2D));
        const values = Array.from(output.dataSync());
        output.dispose();
        return values;
      };
      const together = product(golden.input);
      const alone = golden.input.flatMap((row) => product([row]));
      assertClose(together, alone, { rtol: 1e-5, atol: 1e-5 }, 'rows');
      const exact = golden.input.flatMap((row) =>
        golden.weight.map((weights) => weights.reduce((sum, weight, k) => sum + weight * row[k], 0)),
      );
      const largest = Math.max(...exact.map(Math.abs));
      together.forEach((value, k) => {
        assert.ok(Math.abs(value - exact[k]) < 0.03 * largest, `entry ${k}: ${value} for ${exact[k]}`);
      });
      matrix.dispose();
    });

    test('weights take one byte each', () => {
      const matrix = new Int8Matrix(new Int8Array(64 * 32), new Float32Array(64).fill(1), 32, {
        threshold: 0,
        outliers: 'row',
      });
      assert.equal(matrix.bytes, 64 * 32 + 64 * 4);
      matrix.dispose();
    });
  });
}
