/**
 * Ops of our own by which src/nn spares many small ones: natively those of kernels/blocks.cc, on WebGPU programs. Each
 * returns null where there are none.
 */

import { kernelBackend, usesPrograms } from './kernels.ts';
import { type Tensor1D, type Tensor2D, tf } from './tf.ts';
import { gatedByProgram, multiplyRowsByProgram, normByProgram, normPullbackByProgram } from './webgpu-blocks.ts';

export interface NormConfig {
  weight: Tensor1D;
  bias: Tensor1D | null;
  epsilon: number;
  /** Layer norm; false: root mean square norm. */
  center: boolean;
}

export interface SavedNorm {
  normal: Tensor2D;
  inverse: Tensor2D;
  weight: Tensor1D;
  center: boolean;
}

export interface GateConfig {
  linear: number;
  cubic: number;
}

/** Normalizes x [rows, heads * width] by the weight's width: normal as x, inverse [rows, heads], y as x. */
export function normByKernel(x: Tensor2D, config: NormConfig): Tensor2D[] | null {
  if (usesPrograms()) return normByProgram(x, config);
  const { weight, bias, epsilon, center } = config;
  const native = kernelBackend();
  if (native === null) return null;
  const attributes = [
    { name: 'center', type: native.binding.TF_ATTR_BOOL, value: center },
    { name: 'epsilon', type: native.binding.TF_ATTR_FLOAT, value: epsilon },
  ];
  const inputs = [x, weight, bias ?? tf.tensor1d([])];
  return native.executeMultipleOutputs('WhenceNorm', attributes, inputs, 3) as Tensor2D[];
}

/** @param row - forward row of each row of dy, int32 */
export function normPullbackByKernel(dy: Tensor2D, saved: SavedNorm, row: Tensor1D): Tensor2D | null {
  if (usesPrograms()) return normPullbackByProgram(dy, saved, row);
  const native = kernelBackend();
  if (native === null) return null;
  const attributes = [{ name: 'center', type: native.binding.TF_ATTR_BOOL, value: saved.center }];
  const inputs = [dy, saved.normal, saved.inverse, saved.weight, row];
  return native.executeSingleOutput('WhenceNormPullback', attributes, inputs) as Tensor2D;
}

/** x * sigmoid(linear * x + cubic * x³), entry by entry, or its derivative. */
export function gatedByKernel(x: Tensor2D, config: GateConfig, wanted: 'value' | 'derivative'): Tensor2D | null {
  if (usesPrograms()) return gatedByProgram(x, config, wanted);
  const { linear, cubic } = config;
  const native = kernelBackend();
  if (native === null) return null;
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT } = native.binding;
  const attributes = [
    { name: 'linear', type: TF_ATTR_FLOAT, value: linear },
    { name: 'cubic', type: TF_ATTR_FLOAT, value: cubic },
    { name: 'derivative', type: TF_ATTR_BOOL, value: wanted === 'derivative' },
  ];
  return native.executeSingleOutput('WhenceGated', attributes, [x]) as Tensor2D;
}

/** dy [rows, width] times the rows of `saved` that `row` (int32) names. */
export function multiplyRowsByKernel(dy: Tensor2D, saved: Tensor2D, row: Tensor1D): Tensor2D | null {
  if (usesPrograms()) return multiplyRowsByProgram(dy, saved, row);
  const native = kernelBackend();
  return native && (native.executeSingleOutput('WhenceMultiplyRows', [], [dy, saved, row]) as Tensor2D);
}
