/**
 * Our own TensorFlow ops (kernels/*.cc), which setup compiles beside the native backend: products, of int8 too, and what
 * the blocks of src/nn do between them. Where they are missing the same is done with TensorFlow's own ops.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type NativeBackend, nativeBackend } from './native.ts';
import { tf } from './tf.ts';

/** Why they cannot be used; empty: they can. */
let obstacle = 'not loaded';

/** The processors that they are compiled for. */
const ISAS = { any: 'any processor', avx2: 'AVX2', avx512: 'AVX-512', avx512vnni: 'AVX-512 VNNI' };

/** Loads the ops into the native backend, and tells which processors those are for that run here, or why none do. */
export function loadKernels(): { processor: string } | { obstacle: string } {
  const most = process.env.WHENCE_MAX_ISA;
  if (most !== undefined && !(most in ISAS)) {
    throw new RangeError(`WHENCE_MAX_ISA is "${most}"; it must be one of ${Object.keys(ISAS).join(', ')}, or not set`);
  }
  const module: { exports: { obstacle?: string; isa?: keyof typeof ISAS } } = { exports: {} };
  try {
    const home = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'));
    process.dlopen(module, join(home, 'lib', 'kernels.node'));
    obstacle = module.exports.obstacle ?? '';
  } catch (error) {
    obstacle = error instanceof Error ? error.message.split('\n')[0] : String(error);
  }
  return obstacle === '' ? { processor: ISAS[module.exports.isa ?? 'any'] } : { obstacle };
}

/** Goes on with TensorFlow's own ops: ours are for the CPU, and every activation would travel there from a GPU. */
export function leaveKernelsOut(reason: string): void {
  obstacle = reason;
}

const DISABLED = 'disabled';

/** Goes on without the ops until the function returned is called: for tests of the other way. */
export function disableKernels(): () => void {
  const before = obstacle;
  obstacle = DISABLED;
  return () => {
    obstacle = before;
  };
}

/** Whether the blocks run as programs on WebGPU (webgpu-blocks.ts). */
export function usesPrograms(): boolean {
  return tf.getBackend() === 'webgpu' && obstacle !== DISABLED;
}

/** The native backend where it has the ops, else null. */
export function kernelBackend(): NativeBackend | null {
  return obstacle === '' ? nativeBackend() : null;
}
