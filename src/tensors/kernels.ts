/**
 * Our own TensorFlow ops (kernels/*.cc), which setup compiles beside the native backend: products, of int8 too, and what
 * the blocks of src/nn do between them. Where they are missing the same is done with TensorFlow's own ops.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type NativeBackend, nativeBackend } from './native.ts';
import { tf } from './tf.ts';

/** `products`: kernels/products.cc, which needs AVX-512; `int8`: kernels/int8.cc, which needs its VNNI; `blocks`: others. */
type KernelSet = 'blocks' | 'products' | 'int8';

/** Why a set cannot be used; empty where it can. */
type Obstacles = Record<KernelSet, string>;

const obstructed = (reason: string): Obstacles => ({ blocks: reason, products: reason, int8: reason });

let obstacles = obstructed('not loaded');

/** Loads the ops into the native backend, and tells why a set of them cannot be used (empty: it can). */
export function loadKernels(): Obstacles {
  const module: { exports: Partial<Obstacles> } = { exports: {} };
  try {
    const home = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
    process.dlopen(module, join(home, 'lib', 'kernels.node'));
    const { blocks = '', products = '', int8 = '' } = module.exports;
    obstacles = { blocks, products, int8 };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    obstacles = obstructed(reason);
  }
  return obstacles;
}

/** Goes on with TensorFlow's own ops: ours are for the CPU, and every activation would travel there from a GPU. */
export function leaveKernelsOut(reason: string): void {
  obstacles = obstructed(reason);
}

const DISABLED = 'disabled';

/** Goes on without the ops until the function returned is called: for tests of the other way. */
export function disableKernels(): () => void {
  const before = obstacles;
  obstacles = obstructed(DISABLED);
  return () => {
    obstacles = before;
  };
}

/** Whether the blocks run as programs on WebGPU (webgpu-blocks.ts). */
export function usesPrograms(): boolean {
  return tf.getBackend() === 'webgpu' && obstacles.blocks !== DISABLED;
}

/** The native backend where it has a set of the ops, else null. */
export function kernelBackend(set: KernelSet): NativeBackend | null {
  return obstacles[set] === '' ? nativeBackend() : null;
}
