/** Int8 codes on WebGPU, four in a word; webgpu-products.ts widens them on the way, so that no float32 copy is held. */

import { type Tensor, type Tensor2D, tf } from './tf.ts';
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
