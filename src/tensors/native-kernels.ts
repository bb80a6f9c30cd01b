/** A kernel of tfjs-node that reads from the device, registered anew. */

import type { NativeBackend } from './native.ts';
import { type Tensor, tf } from './tf.ts';

interface GatherCall {
  inputs: { x: Tensor; indices: Tensor };
  attrs: { axis: number; batchDims: number };
  backend: NativeBackend;
}

/**
 * tfjs-node's gather waits for the device and checks every index in JavaScript. Ours come from JavaScript in the first
 * place; TensorFlow's own kernel checks them on the CPU, and gives zeros for others on a GPU.
 */
export function repairNativeKernels(): void {
  tf.unregisterKernel('GatherV2', 'tensorflow');
  tf.registerKernel({ kernelName: 'GatherV2', backendName: 'tensorflow', kernelFunc: gather as never });
}

function gather({ inputs: { x, indices }, attrs: { axis, batchDims }, backend }: GatherCall): Tensor {
  const { TF_ATTR_INT, TF_ATTR_TYPE, TF_INT32, TF_FLOAT, TF_BOOL } = backend.binding;
  const types: Record<string, number> = { float32: TF_FLOAT, int32: TF_INT32, bool: TF_BOOL };
  const type = (name: string, dtype: string) => ({ name, type: TF_ATTR_TYPE, value: types[dtype] });
  const attributes = [
    { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
    type('Tparams', x.dtype),
    type('Tindices', indices.dtype),
    type('Taxis', 'int32'),
  ];
  const axisTensor = tf.scalar(axis, 'int32');
  try {
    return backend.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
  } finally {
    axisTensor.dispose();
  }
}
