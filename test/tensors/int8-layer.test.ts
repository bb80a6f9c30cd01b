/** Int8 matrices against single layers of bitsandbytes, by each way of computing them in turn. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { Int8Matrix, type OutlierRule } from '../../src/tensors/matrix.ts';
import { quantizeRows } from '../../src/tensors/quantize.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose, int8Cases, modelDir } from '../support/goldens.ts';

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

const ways = [
  { backend: 'tensorflow', kernels: true },
  { backend: 'tensorflow', kernels: false },
  { backend: 'wasm', kernels: false },
] as const;

for (const { backend, kernels } of ways) {
  describe(`int8 layers on ${backend}${kernels ? ' by our kernels where they run' : ''}`, () => {
    before(async () => {
      await startBackend(backend);
      if (!kernels) disableKernels();
    });

    for (const [model, stored, inputMajor] of [
      ['gpt2-tiny', 'gpt2-int8-tiny', true],
      ['marian-tiny', 'marian-int8-tiny', false],
    ] as const) {
      test(`every code of ${stored} is the one that bitsandbytes stored, ties included`, () => {
        const floats = openCheckpoint(modelDir(model));
        const codes = openCheckpoint(modelDir(stored));
        let compared = 0;
        for (const name of codes.names()) {
          const golden = name.endsWith('.weight') ? codes.int8(name) : null;
          if (golden === null) continue;
          const [rows, columns] = floats.info(name).shape;
          const rule = { threshold: 6, outliers: 'row' } as const;
          const own = quantize(floats.readF32(name), rows, columns, inputMajor, rule);
          const wanted = Int8Matrix.stored(golden.cb, golden.scb, inputMajor ? rows : columns, rule);
          const [found, expected] = [own.toTensor(), wanted.toTensor()];
          assert.deepEqual(found.dataSync(), expected.dataSync(), name);
          for (const thing of [own, wanted, found, expected]) thing.dispose();
          compared++;
        }
        assert.ok(compared > 10, `${compared} matrices`);
        floats.close();
        codes.close();
      });
    }

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
        const weight = Float32Array.from(golden.weight.flat());
        const rule = { threshold: golden.threshold, outliers: 'batch' } as const;
        const matrix = quantize(weight, rows, columns, false, rule);
        const [output, gradient] = tf.tidy(() => [
          matrix.multiply(tf.tensor2d(golden.input), tf.tensor1d(golden.bias)),
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
      const matrix = Int8Matrix.stored(codes, scale, golden.weight[0].length, { threshold: 2, outliers: 'row' });
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

    test('both layouts of a weight, and any shape, give the same matrix', () => {
      const random = new Random(3);
      for (const [rows, width, out] of [
        [1, 64, 4],
        [5, 70, 33],
        [9, 130, 21],
        [2, 3, 1],
      ]) {
        const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
        const weight = values(out * width);
        weight.fill(0, 0, width);
        const transposed = weight.map((_, cell) => weight[(cell % out) * width + Math.floor(cell / out)]);
        const rule = { threshold: 1.5, outliers: 'row' } as const;
        const { codes, scale } = quantizeRows(weight.slice(), out, width, false);
        const matrices = [
          Int8Matrix.stored(codes, scale, width, rule),
          quantize(weight, out, width, false, rule),
          quantize(transposed, width, out, true, rule),
        ];
        const x = tf.tensor2d(values(rows * width), [rows, width]);
        const [expected, ...others] = matrices.map((matrix) => {
          const results = tf.tidy(() => [matrix.toTensor(), matrix.multiply(x)]);
          return results.map((tensor) => Array.from(tensor.dataSync()));
        });
        for (const other of others) assert.deepEqual(other, expected);
        // The codes are integers: their products are exact in double precision.
        const product = expectedProduct(x.arraySync(), codes, scale, rule.threshold);
        assertClose(expected[1], product, { rtol: 1e-5, atol: 1e-5 }, `${rows} x ${width} x ${out}`);
        for (const matrix of matrices) matrix.dispose();
      }
    });

    test('what is no number stays none', () => {
      for (const threshold of [0, 6]) {
        const matrix = Int8Matrix.stored(new Int8Array(8 * 20).fill(1), new Float32Array(8).fill(1), 20, {
          threshold,
          outliers: 'row',
        });
        const x = new Float32Array(2 * 20).fill(1);
        x[3] = Number.NaN;
        const y = tf.tidy(() => matrix.multiply(tf.tensor2d(x, [2, 20])));
        const values = Array.from(y.dataSync());
        assert.ok(values.slice(0, 8).every(Number.isNaN), `threshold ${threshold}: ${values}`);
        assert.ok(values.slice(8).every(Number.isFinite));
        y.dispose();
        matrix.dispose();
      }
    });

    test('weights take one byte each', () => {
      const matrix = Int8Matrix.stored(new Int8Array(64 * 32), new Float32Array(64).fill(1), 32, {
        threshold: 0,
        outliers: 'row',
      });
      assert.equal(matrix.bytes, 64 * 32 + 64 * 4);
      matrix.dispose();
    });
  });
}

/** A matrix of weights [rows, columns], whose rows are inputs where `inputMajor`. */
function quantize(values: Float32Array, rows: number, columns: number, inputMajor: boolean, rule: OutlierRule) {
  const weight = tf.tensor2d(values, [rows, columns]);
  const matrix = Int8Matrix.quantizeOnDevice(weight, inputMajor, rule);
  weight.dispose();
  return matrix ?? Int8Matrix.quantize(values, [rows, columns], inputMajor, rule);
}

/** LLM.int8 by its definition, outliers by row. */
function expectedProduct(x: number[][], codes: Int8Array, scale: Float32Array, threshold: number): number[] {
  const half = (value: number): number => {
    const scaled = Math.fround(value * 8193);
    return Math.fround(scaled - Math.fround(scaled - value));
  };
  const roundEven = (value: number): number => Math.fround(value + 12582912) - 12582912;
  return x.flatMap((row) => {
    const rounded = row.map(half);
    const inner = rounded.map((value) => (Math.abs(value) >= threshold ? 0 : value));
    const absmax = Math.max(...inner.map(Math.abs));
    const factor = Math.fround(127 / (absmax || 1));
    return Array.from(scale, (rowScale, n) => {
      let sum = 0;
      let exact = 0;
      for (const [i, value] of inner.entries()) {
        const code = codes[n * row.length + i];
        sum += roundEven(Math.fround(value * factor)) * code;
        if (Math.abs(rounded[i]) >= threshold) exact += row[i] * code;
      }
      // 6.200124e-5 is 1 / 127^2 as bitsandbytes has it.
      return sum * absmax * rowScale * 6.200124e-5 + (exact * rowScale) / 127;
    });
  });
}
