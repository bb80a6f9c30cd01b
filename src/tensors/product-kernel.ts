/** The op of kernels/products.cc: a linear layer's product and its bias in one. */

import { kernelBackend } from './kernels.ts';
import { type Tensor1D, type Tensor2D, tf } from './tf.ts';

/**
 * x [rows, in] times a weight [in, out] (`transposed`: [out, in]) plus the bias: [rows, out]; null where the op cannot be
 * used. A row's numbers are the same whatever others there are.
 */
export function productByKernel(
  x: Tensor2D,
  weight: Tensor2D,
  transposed: boolean,
  bias: Tensor1D | null = null,
): Tensor2D | null {
  const native = kernelBackend();
  if (native === null) return null;
  const attributes = [{ name: 'transposed', type: native.binding.TF_ATTR_BOOL, value: transposed }];
  return native.executeSingleOutput('WhenceProduct', attributes, [x, weight, bias ?? tf.tensor1d([])]) as Tensor2D;
}
