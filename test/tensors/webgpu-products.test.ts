/** Products of our own on WebGPU against sums in float64, at sizes that fill no tile. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { read } from '../../src/tensors/read.ts';
import { tf } from '../../src/tensors/tf.ts';
import { packCodes } from '../../src/tensors/webgpu-int8.ts';
import { type Factor, multiplyByProgram, TILES } from '../../src/tensors/webgpu-products.ts';
import { softwareGpu } from '../support/software-gpu.ts';

const { skip } = softwareGpu();

/** Rows, inner length, columns: with and without whole vectors of four in each. */
const SIZES: [number, number, number][] = [
  [1, 1, 1],
  [3, 8, 7],
  [37, 63, 33],
  [130, 70, 130],
];
/** By every tile: SwiftShader takes seconds to compile a large one. */
const BY_ALL_TILES: [number, number, number] = [129, 36, 260];
const UNIT = 1 / 127;

describe('products on WebGPU', { skip }, () => {
  before(() => startBackend('webgpu'));
  after(() => tf.setBackend('cpu'));

  for (const [rows, inner, columns] of [...SIZES, BY_ALL_TILES]) {
    for (const kind of ['float', 'codes'] as const) {
      for (const transposed of [false, true]) {
        it(`${kind}, ${rows} rows of ${inner} to ${columns}, ${transposed ? 'transposed' : 'as it is'}`, async () => {
          const random = new Random(3);
          const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
          const [x, bias] = [numbers(rows * inner), numbers(columns)];
          const shape: [number, number] = transposed ? [columns, inner] : [inner, columns];
          const codes = Int8Array.from({ length: inner * columns }, () => random.integer(255) - 127);
          const weight = kind === 'float' ? numbers(inner * columns) : Float32Array.from(codes);
          const scale = numbers(shape[0]);
          const scaleAt = (k: number, column: number): number =>
            kind === 'float' ? 1 : Math.fround(scale[transposed ? column : k] * Math.fround(UNIT));

          const byTile: Float32Array[] = [];
          const tensors = tf.memory().numTensors;
          for (const tile of rows === BY_ALL_TILES[0] ? TILES : [undefined]) {
            const product = (): ReturnType<typeof multiplyByProgram> => {
              const words: [number, number] = [shape[0], Math.ceil(shape[1] / 4)];
              const factor: Factor =
                kind === 'float'
                  ? { weight: tf.tensor2d(weight, shape), kind, transposed, columns, bias: tf.tensor1d(bias) }
                  : {
                      weight: tf.tensor2d(packCodes(codes, shape), words, 'int32'),
                      kind,
                      transposed,
                      columns,
                      bias: tf.tensor1d(bias),
                      scale: { values: tf.tensor1d(scale), unit: UNIT },
                    };
              return multiplyByProgram(tf.tensor2d(x, [rows, inner]), factor, tile);
            };
            byTile.push(await read(product));
          }
          assert.equal(tf.memory().numTensors, tensors);

          for (let row = 0; row < rows; row++) {
            for (let column = 0; column < columns; column++) {
              let sum = bias[column];
              let magnitude = Math.abs(sum);
              for (let k = 0; k < inner; k++) {
                const at = transposed ? column * inner + k : k * columns + column;
                const entry = x[row * inner + k] * weight[at] * scaleAt(k, column);
                sum += entry;
                magnitude += Math.abs(entry);
              }
              const error = Math.abs(byTile[0][row * columns + column] - sum);
              assert.ok(error <= 2 ** -20 * magnitude, `row ${row}, column ${column}: off by ${error}`);
            }
          }
          for (const other of byTile) assert.deepEqual(other, byTile[0], 'a tile changes no number');
        });
      }
    }
  }
});
