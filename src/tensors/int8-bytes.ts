/**
 * A matrix of int8 codes that is resident as one byte per weight on every backend.
 *
 * tfjs has no int8 type. On the native backend the bytes go to the device as a TF_UINT8 tensor, and `Bitcast` and
 * `Cast` make the float32 operand of one matmul out of it. On WebGPU they lie four in an int32 word. WASM has neither:
 * there the bytes stay in JavaScript and the float operand is filled from them.
 */

import { nativeBackend } from './native.ts';
import { type Tensor2D, tf } from './tf.ts';
import { uploadWords, widenWords } from './webgpu-int8.ts';

export type Int8Bytes =
  | { kind: 'native'; id: number; shape: [number, number] }
  | { kind: 'words'; words: Tensor2D; shape: [number, number] }
  | { kind: 'host'; codes: Int8Array; shape: [number, number] };

/** Takes the codes to the device. The array is not used after the call on the native backend and WebGPU. */
export function storeInt8(codes: Int8Array, shape: [number, number]): Int8Bytes {
  if (tf.getBackend() === 'webgpu') return { kind: 'words', words: uploadWords(codes, shape), shape };
  const native = nativeBackend();
  if (native === null) return { kind: 'host', codes, shape };
  const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
  return { kind: 'native', id: native.binding.createTensor(shape, native.binding.TF_UINT8, bytes), shape };
}

/** The codes as float32 [rows, columns], in the caller's tidy. */
export function dequantize(bytes: Int8Bytes): Tensor2D {
  if (bytes.kind === 'host') return tf.tensor2d(Float32Array.from(bytes.codes), bytes.shape);
  if (bytes.kind === 'words') return widenWords(bytes.words, bytes.shape[1]);
  const native = nativeBackend();
  if (native === null) throw new Error('int8 weights of the native backend outlived it');
  const { binding } = native;
  const type = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const [signed] = binding.executeOp('Bitcast', [type('T', binding.TF_UINT8), type('type', TF_INT8)], [bytes.id], 1);
  const truncate = { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false };
  const cast = [type('SrcT', TF_INT8), type('DstT', binding.TF_FLOAT), truncate];
  const [float] = binding.executeOp('Cast', cast, [signed.id], 1);
  binding.deleteTensor(signed.id);
  return native.createOutputTensor(float) as Tensor2D;
}

export function disposeBytes(bytes: Int8Bytes): void {
  if (bytes.kind === 'native') nativeBackend()?.binding.deleteTensor(bytes.id);
  if (bytes.kind === 'words') bytes.words.dispose();
}

/** TensorFlow's TF_INT8, which the binding does not name. */
const TF_INT8 = 6;
