/** The ops of kernels/int8.cc: LLM.int8 with integer products. Each returns null where they cannot be used. */

import type { Int8Bytes } from './int8-bytes.ts';
import { kernelBackend } from './kernels.ts';
import type { OutlierRule } from './matrix.ts';
import { type Tensor1D, type Tensor2D, tf } from './tf.ts';

type NativeBytes = Extract<Int8Bytes, { kind: 'native' }>;

/** Whether weights can be quantized where they are. */
export const canQuantizeOnDevice = (): boolean => kernelBackend() !== null;

/** Codes and scales [out] of a weight [out, in], or [in, out] where `inputMajor`. */
export function quantizeByKernel(weight: Tensor2D, inputMajor: boolean): { bytes: Int8Bytes; scale: Tensor1D } | null {
  const native = kernelBackend();
  if (native === null) return null;
  const { binding } = native;
  const attributes = [{ name: 'input_major', type: binding.TF_ATTR_BOOL, value: inputMajor }];
  const inputs = native.getInputTensorIds([weight]);
  const [codes, scale] = binding.executeOp('WhenceQuantizeRows', attributes, inputs, 2);
  const [out, width] = codes.shape;
  return {
    bytes: { kind: 'native', id: codes.id, shape: [out, width] },
    scale: native.createOutputTensor(scale) as Tensor1D,
  };
}

/** x [rows, in] times the transposed weight plus the bias: [rows, out] */
export function multiplyByKernel(
  x: Tensor2D,
  weight: { bytes: Int8Bytes; scale: Tensor1D },
  bias: Tensor1D | null,
  rule: OutlierRule,
): Tensor2D | null {
  const native = kernelBackend();
  if (native === null) return null;
  const { binding } = native;
  const attributes = [
    { name: 'threshold', type: binding.TF_ATTR_FLOAT, value: rule.threshold },
    { name: 'batch', type: binding.TF_ATTR_BOOL, value: rule.outliers === 'batch' },
  ];
  const [xId, scaleId, biasId] = native.getInputTensorIds([x, weight.scale, bias ?? tf.tensor1d([])]);
  const inputs = [xId, (weight.bytes as NativeBytes).id, scaleId, biasId];
  const [y] = binding.executeOp('WhenceInt8Linear', attributes, inputs, 1);
  return native.createOutputTensor(y) as Tensor2D;
}

/** The weight in float32 [out, in]. */
export function widenByKernel(weight: { bytes: Int8Bytes; scale: Tensor1D }): Tensor2D | null {
  const native = kernelBackend();
  if (native === null) return null;
  const [scaleId] = native.getInputTensorIds([weight.scale]);
  const [made] = native.binding.executeOp('WhenceInt8Widen', [], [(weight.bytes as NativeBytes).id, scaleId], 1);
  return native.createOutputTensor(made) as Tensor2D;
}
