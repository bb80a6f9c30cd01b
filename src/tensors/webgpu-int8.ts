/**
 * Int8 codes on WebGPU, four in a word, and the products that widen them on the way: a tile of weights is unpacked into
 * the memory of a workgroup, so that neither direction ever holds a float32 copy of the matrix.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from './tf.ts';
import { runProgram } from './webgpu-program.ts';

/** Codes [out, in] as words [out, ⌈in / 4⌉], the first in the lowest byte; 0 after the last. */
export function packCodes(codes: Int8Array, [rows, columns]: [number, number]): Int32Array {
  const words = Math.ceil(columns / 4);
  const bytes = new Int8Array(rows * words * 4);
  if (columns % 4 === 0) bytes.set(codes);
  else for (let r = 0; r < rows; r++) bytes.set(codes.subarray(r * columns, (r + 1) * columns), r * words * 4);
  return new Int32Array(bytes.buffer);
}

/** Rows and columns of the output that a workgroup computes, and the inner length that it holds at a time. */
const TILE = 32;
const THREADS = 8;
/** Rows and columns of the output of one thread. */
const OWN = TILE / THREADS;

/**
 * Sums go up the inner axis one by one, whatever the number of rows: a row's product is its own.
 * @param inner - where the inner axis lies in the words: along their rows (`multiply`) or down their columns (`pullback`)
 */
function productSource(inner: 'along' | 'down'): string {
  const columns = inner === 'along' ? 'uniforms.wShape.x' : 'uniforms.outShape.y';
  const unpack =
    inner === 'along'
      ? `let code = i32(WorkgroupColumn) * ${TILE} + line;
        let word = k0 / 4 + at;
        let inside = code < uniforms.wShape.x && word < uniforms.wShape.y;`
      : `let code = k0 + line;
        let word = i32(WorkgroupColumn) * ${TILE / 4} + at;
        let inside = code < uniforms.wShape.x && word < uniforms.wShape.y;`;
  const place = inner === 'along' ? 'weights[at * 4 + j][line]' : 'weights[line][at * 4 + j]';
  // As the composed product does it: outputs are scaled after the sums, cotangents before them.
  const scaleInput = inner === 'down' ? ' * (scale[k] * uniforms.factor)' : '';
  const scaleOutput = inner === 'along' ? ' * (scale[column] * uniforms.factor)' : '';
  return `
  var<workgroup> inputs: array<array<f32, ${TILE}>, ${TILE}>;
  var<workgroup> weights: array<array<f32, ${TILE}>, ${TILE}>;

  fn main() {
    let WorkgroupColumn = workgroupId.x;
    let firstRow = i32(workgroupId.y) * ${TILE};
    let length = uniforms.xShape.y;
    let tileRow = i32(localId.y) * ${OWN};
    let tileColumn = i32(localId.x) * ${OWN};
    var sums: array<array<f32, ${OWN}>, ${OWN}>;
    for (var k0 = 0; k0 < length; k0 += ${TILE}) {
      for (var i = i32(localIndex); i < ${TILE * TILE}; i += ${THREADS * THREADS}) {
        let row = firstRow + i / ${TILE};
        let k = k0 + i % ${TILE};
        var value = 0.0;
        if (row < uniforms.xShape.x && k < length) { value = x[row * length + k]${scaleInput}; }
        inputs[i / ${TILE}][i % ${TILE}] = value;
      }
      for (var i = i32(localIndex); i < ${(TILE * TILE) / 4}; i += ${THREADS * THREADS}) {
        let line = i / ${TILE / 4};
        let at = i % ${TILE / 4};
        ${unpack}
        var four = 0;
        if (inside) { four = w[code * uniforms.wShape.y + word]; }
        for (var j = 0; j < 4; j++) { ${place} = f32(extractBits(four, u32(j) * 8u, 8u)); }
      }
      workgroupBarrier();
      for (var k = 0; k < ${TILE}; k++) {
        for (var r = 0; r < ${OWN}; r++) {
          let value = inputs[tileRow + r][k];
          for (var c = 0; c < ${OWN}; c++) { sums[r][c] = fma(value, weights[k][tileColumn + c], sums[r][c]); }
        }
      }
      workgroupBarrier();
    }
    for (var r = 0; r < ${OWN}; r++) {
      let row = firstRow + tileRow + r;
      for (var c = 0; c < ${OWN}; c++) {
        let column = i32(WorkgroupColumn) * ${TILE} + tileColumn + c;
        if (row < uniforms.outShape.x && column < ${columns}) {
          result[row * uniforms.outShape.y + column] = sums[r][c]${scaleOutput};
        }
      }
    }
  }`;
}

const SOURCES = { multiply: productSource('along'), pullback: productSource('down') };

/**
 * `multiply`: x [rows, in] times the codes [out, in] transposed, each column times its scale and `factor`: [rows, out].
 * `pullback`: x [rows, out], each column times its scale and `factor`, times the codes: [rows, in].
 * @param words - of `packCodes`
 * @param width - columns of the product
 */
export function multiplyWords(
  way: keyof typeof SOURCES,
  x: Tensor2D,
  words: Tensor2D,
  scale: Tensor1D,
  factor: number,
  width: number,
): Tensor2D {
  const rows = x.shape[0];
  return runProgram(
    {
      name: `WhenceInt8_${way}`,
      inputs: { x, w: words, scale },
      outputShape: [rows, width],
      workgroupSize: [THREADS, THREADS, 1],
      dispatch: [Math.ceil(width / TILE), Math.ceil(rows / TILE), 1],
      uniforms: { factor },
      source: SOURCES[way],
    },
    'float32',
  ) as Tensor2D;
}

/** The codes as float32 [out, in]. */
export function widenWords(words: Tensor2D, width: number): Tensor2D {
  return runProgram(
    {
      name: 'WhenceInt8_widen',
      inputs: { w: words },
      outputShape: [words.shape[0], width],
      source: `
      fn main(index: i32) {
        if (index >= uniforms.outShape.x * uniforms.outShape.y) { return; }
        let row = index / uniforms.outShape.y;
        let column = index % uniforms.outShape.y;
        let four = w[row * uniforms.wShape.y + column / 4];
        result[index] = f32(extractBits(four, u32(column % 4) * 8u, 8u));
      }`,
    },
    'float32',
  ) as Tensor2D;
}

/** Takes the words to the device, which keeps no copy of them in JavaScript. */
export function uploadWords(codes: Int8Array, shape: [number, number]): Tensor2D {
  const words: Tensor = tf.keep(tf.tensor2d(packCodes(codes, shape), [shape[0], Math.ceil(shape[1] / 4)], 'int32'));
  (tf.backend() as unknown as { uploadToGPU(dataId: object): void }).uploadToGPU(words.dataId);
  return words as Tensor2D;
}
