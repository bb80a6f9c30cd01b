/**
 * Kernels of tfjs's WebGPU backend (4.22) that read from the device or refuse where our blocks need them: registered
 * anew, each by way of the backend's own kernel and shapes that it can do.
 */

import { type Tensor, tf } from './tf.ts';

/** A tensor as kernels see it. */
type Info = Pick<Tensor, 'dataId' | 'shape' | 'dtype'>;

interface Call {
  inputs: Record<string, Info>;
  attrs: Record<string, unknown>;
  backend: { disposeData(dataId: object): void };
}
type Kernel = (call: Call) => Info;

const REPAIRS: Record<string, (original: Kernel) => Kernel> = {
  Tile: tileByAxis,
  Select: selectFlat,
  AddN: addInGroups,
};

/** Once in the life of a process. */
export function repairKernels(): void {
  for (const [name, repair] of Object.entries(REPAIRS)) {
    const { kernelFunc } = kernelNamed(name);
    if (repaired.has(kernelFunc)) continue;
    const better = repair(kernelFunc as unknown as Kernel);
    repaired.add(better);
    tf.unregisterKernel(name, 'webgpu');
    tf.registerKernel({ kernelName: name, backendName: 'webgpu', kernelFunc: better as never });
  }
}

const repaired = new WeakSet<object>();

function kernelNamed(name: string) {
  const kernel = tf.getKernel(name, 'webgpu');
  if (kernel === null) throw new Error(`tfjs's WebGPU backend has no kernel ${name}`);
  return kernel;
}

/** Another shape for the same data; the caller disposes of it. */
function reshaped(x: Info, shape: number[], backend: Call['backend']): Info {
  return (kernelNamed('Reshape').kernelFunc as unknown as Kernel)({ inputs: { x }, attrs: { shape }, backend });
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Tensors of five axes and more are read from the device by tfjs: axis by axis, each with what is before and after it. */
function tileByAxis(original: Kernel): Kernel {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const reps = attrs.reps as number[];
    if (inputs.x.shape.length < 5) return original(call);
    const shape = [...inputs.x.shape];
    let x = reshaped(inputs.x, shape, backend);
    // The last axis first: the tensor stays small for longest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (reps[axis] === 1) continue;
      const flat = reshaped(x, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis)), 1], backend);
      const tiled = original({ inputs: { x: flat }, attrs: { reps: [1, reps[axis], 1] }, backend });
      shape[axis] *= reps[axis];
      backend.disposeData(x.dataId);
      backend.disposeData(flat.dataId);
      x = reshaped(tiled, shape, backend);
      backend.disposeData(tiled.dataId);
    }
    return x;
  };
}

/** tfjs refuses more than four axes, of which none is needed: condition and choices have one shape. */
function selectFlat(original: Kernel): Kernel {
  return (call) => {
    const { inputs, backend } = call;
    const { condition, t, e } = inputs;
    if (t.shape.length < 5) return original(call);
    const flat = [condition, t, e].map((input) => reshaped(input, [sizeOf(input.shape)], backend));
    const chosen = original({ ...call, inputs: { condition: flat[0], t: flat[1], e: flat[2] } });
    const result = reshaped(chosen, [...t.shape], backend);
    for (const { dataId } of [...flat, chosen]) backend.disposeData(dataId);
    return result;
  };
}

/** Tensors that are added by one program: a device need not bind more than eight buffers to it. */
const ADDED_TOGETHER = 7;

/** tfjs binds a buffer for each tensor, however many there are. */
function addInGroups(original: Kernel): Kernel {
  return (call) => {
    const { backend } = call;
    let sum: Info | null = null;
    const rest = Object.values(call.inputs);
    while (rest.length > 0) {
      const group: Info[] = sum === null ? [] : [sum];
      group.push(...rest.splice(0, ADDED_TOGETHER - group.length));
      const next = original({ ...call, inputs: group as unknown as Call['inputs'] });
      if (sum !== null) backend.disposeData(sum.dataId);
      sum = next;
    }
    if (sum === null) throw new Error('nothing to add');
    return sum;
  };
}
