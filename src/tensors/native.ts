/** The native backend's own interface, for TensorFlow ops that tfjs does not wrap. */

import { type Tensor, tf } from './tf.ts';

interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

interface Binding {
  readonly TF_UINT8: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorMetadata[];
  deleteTensor(id: number): void;
}

export interface NativeBackend {
  readonly binding: Binding;
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: Tensor[], outputs: number): Tensor[];
}

/** The native backend when it is the one in use, else null. */
export function nativeBackend(): NativeBackend | null {
  return tf.getBackend() === 'tensorflow' ? (tf.backend() as unknown as NativeBackend) : null;
}
