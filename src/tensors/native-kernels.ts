/** Kernels of tfjs-node that wait for the device, or round a number by its place, registered anew. */

import type { NativeBackend } from './native.ts';
import { type Tensor, tf } from './tf.ts';

type KernelFunc = ReturnType<typeof tf.getKernel>['kernelFunc'];

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
  replace('GatherV2', gather as never);
}

function replace(kernelName: string, kernelFunc: KernelFunc): void {
  tf.unregisterKernel(kernelName, 'tensorflow');
  tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc });
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

/** Numbers of TensorFlow's vectors on a CPU, or a multiple of them. */
const VECTOR = 16;

/** Functions of single numbers that TensorFlow computes otherwise where no vector is full: at the end of a tensor. */
const BY_PLACE = [
  'Exp',
  'Expm1',
  'Log',
  'Log1p',
  'Sigmoid',
  'Softplus',
  'Rsqrt',
  'Reciprocal',
  'Elu',
  'Selu',
  'Sin',
  'Cos',
];

/** Makes a number what it is at any other place, on a CPU: tensors are filled up to whole vectors. */
export function repairCpuKernels(): void {
  for (const name of BY_PLACE) {
    const { kernelFunc } = tf.getKernel(name, 'tensorflow');
    replace(name, (call) => {
      const { x } = call.inputs as { x: Tensor };
      const missing = (VECTOR - (x.size % VECTOR)) % VECTOR;
      if (missing === 0 || x.dtype !== 'float32') return kernelFunc(call);
      return tf.tidy(() => {
        const filled = tf.concat1d([tf.reshape(x, [x.size]), tf.ones([missing])]);
        const whole = kernelFunc({ ...call, inputs: { x: filled } }) as Tensor;
        return tf.reshape(tf.slice(whole, [0], [x.size]), x.shape);
      });
    });
  }
}
