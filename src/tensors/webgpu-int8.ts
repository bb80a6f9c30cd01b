/**
 * Int8 codes on WebGPU, four in a word, and the products that widen them on the way: a tile of weights is unpacked into
 * the memory of a workgroup, so that neither direction ever holds a float32 copy of the matrix.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from './tf.ts';
import { runProgram } from './webgpu-program.ts';
import { byRow, LANES, OWN_ROW, reduction } from './webgpu-rows.ts';

/** Codes [out, in] as words [out, ⌈in / 4⌉], the first in the lowest byte; 0 after the last. */
export function packCodes(codes: Int8Array, [rows, columns]: [number, number]): Int32Array {
  const words = Math.ceil(columns / 4);
  const bytes = new Int8Array(rows * words * 4);
  if (columns % 4 === 0) bytes.set(codes);
  else for (let r = 0; r < rows; r++) bytes.set(codes.subarray(r * columns, (r + 1) * columns), r * words * 4);
  return new Int32Array(bytes.buffer);
}

/** Rows and columns of the output that a workgroup computes, and the inner length that it holds at a time. */
const TILE = 64;
const DEPTH = 16;
/** Each thread of a workgroup computes four rows of four columns. */
const THREADS = TILE / 4;
/** One vector more than needed, so that neighbors in a column of the tile lie in different banks of memory. */
const PADDED = THREADS + 1;

/**
 * Sums go up the inner axis one by one, whatever the number of rows: a row's product is its own.
 * @param inner - where the inner axis lies in the words: along their rows (`multiply`) or down their columns (`pullback`)
 */
function productSource(inner: 'along' | 'down'): string {
  // As the composed product does it: outputs are scaled after the sums, cotangents before them.
  const scaleInput = inner === 'down' ? ' * (scale[k] * uniforms.factor)' : '';
  const scaleOutput = inner === 'along' ? ' * (scale[column] * uniforms.factor)' : '';
  // A word for each thread, four codes along its row.
  const unpack =
    inner === 'along'
      ? `let line = own / ${DEPTH / 4};
      let at = own % ${DEPTH / 4};
      let four = wordAt(firstColumn + line, k0 / 4 + at);
      for (var j = 0; j < 4; j++) { weights[at * 4 + j][line / 4][line % 4] = code(four, j); }`
      : `let line = own / ${THREADS};
      let at = own % ${THREADS};
      let four = wordAt(k0 + line, firstColumn / 4 + at);
      weights[line][at] = vec4<f32>(code(four, 0), code(four, 1), code(four, 2), code(four, 3));`;
  const four = [0, 1, 2, 3];
  return `
  /** By inner index, four rows (columns) together. */
  var<workgroup> inputs: array<array<vec4<f32>, ${PADDED}>, ${DEPTH}>;
  var<workgroup> weights: array<array<vec4<f32>, ${PADDED}>, ${DEPTH}>;

  fn wordAt(row: i32, word: i32) -> i32 {
    if (row < uniforms.wShape.x && word < uniforms.wShape.y) { return w[row * uniforms.wShape.y + word]; }
    return 0;
  }
  fn code(four: i32, j: i32) -> f32 { return f32(extractBits(four, u32(j) * 8u, 8u)); }
  fn store(row: i32, column: i32, sum: f32) {
    if (row < uniforms.outShape.x && column < uniforms.outShape.y) {
      result[row * uniforms.outShape.y + column] = sum${scaleOutput};
    }
  }

  fn main() {
    let firstColumn = i32(workgroupId.x) * ${TILE};
    let firstRow = i32(workgroupId.y) * ${TILE};
    let length = uniforms.xShape.y;
    let own = i32(localIndex);
    let tileRow = i32(localId.y);
    let tileColumn = i32(localId.x);
    ${four.map((r) => `var sums${r} = vec4<f32>(0.0);`).join('\n    ')}
    for (var k0 = 0; k0 < length; k0 += ${DEPTH}) {
      for (var i = own; i < ${TILE * DEPTH}; i += ${THREADS * THREADS}) {
        let at = i / ${DEPTH};
        let row = firstRow + at;
        let k = k0 + i % ${DEPTH};
        var value = 0.0;
        if (row < uniforms.xShape.x && k < length) { value = x[row * length + k]${scaleInput}; }
        inputs[i % ${DEPTH}][at / 4][at % 4] = value;
      }
      ${unpack}
      workgroupBarrier();
      for (var k = 0; k < ${DEPTH}; k++) {
        let rows = inputs[k][tileRow];
        let columns = weights[k][tileColumn];
        ${four.map((r) => `sums${r} = fma(vec4<f32>(rows[${r}]), columns, sums${r});`).join('\n        ')}
      }
      workgroupBarrier();
    }
    ${four
      .flatMap((r) =>
        four.map((c) => `store(firstRow + tileRow * 4 + ${r}, firstColumn + tileColumn * 4 + ${c}, sums${r}[${c}]);`),
      )
      .join('\n    ')}
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

const ROUND_ROWS = `${reduction('largest', 'max(mine, other)')}

  var<workgroup> unit: f32;

  /** To the nearest float16, ties to even, of any exponent. */
  fn half(value: f32) -> f32 {
    let bits = bitcast<u32>(value);
    return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
  }

  fn main() {${OWN_ROW('uniforms.outShape.x')}
    let width = uniforms.outShape.y;
    var most = 0.0;
    for (var k = lane; k < width; k += ${LANES}) {
      let size = abs(half(x[group * width + k]));
      if (uniforms.threshold <= 0.0 || size < uniforms.threshold) { most = max(most, size); }
    }
    most = largest(most);
    // A row of zeros has no scale: dividing by 1 leaves it zero.
    // By way of memory, so that no compiler divides 127 by it at once: ties depend on the order, and PyTorch's is this.
    if (lane == 0) { unit = 1.0 / select(most, 1.0, most == 0.0); }
    workgroupBarrier();
    let up = unit * 127.0;
    let down = most * uniforms.factor;
    for (var k = lane; k < width; k += ${LANES}) {
      let value = x[group * width + k];
      let rounded = half(value);
      let exact = uniforms.threshold > 0.0 && abs(rounded) >= uniforms.threshold;
      if (inside) { result[group * width + k] = select(round(rounded * up) * down, value, exact); }
    }
  }`;

/**
 * x [rows, in] rounded to the codes that each row's largest entry allows and scaled back by `factor` times it; entries of
 * magnitude `threshold` and more (0: none) have no part in the scale and stay as they are.
 */
export function roundRows(x: Tensor2D, threshold: number, factor: number): Tensor2D {
  const uniforms = { threshold, factor };
  const shape = { inputs: { x }, outputShape: x.shape, ...byRow(x.shape[0]) };
  return runProgram({ name: 'WhenceInt8_round', uniforms, source: ROUND_ROWS, ...shape }, 'float32') as Tensor2D;
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
