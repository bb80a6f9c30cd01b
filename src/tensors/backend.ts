/**
 * Chooses and starts the tfjs backend: TensorFlow's own kernels through the native binding that setup built, WebGPU, or
 * WASM, which always works.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import util from 'node:util';
import { loadKernels } from './kernels.ts';
import { startWebGpu } from './webgpu.ts';

const require = createRequire(import.meta.url);

export type BackendName = 'tensorflow' | 'webgpu' | 'wasm';

export interface Backend {
  name: BackendName;
  /** What computes: `cpu`, or the name of the GPU. */
  device: string;
  /** Of TensorFlow.js. */
  version: string;
  /** Of the native library; null where there is none. */
  libtensorflow: string | null;
  /** Why this backend is in use. */
  reason: string;
  /** Resolves with the reason when the device is gone, and with it every tensor. */
  lost?: Promise<string>;
}

/**
 * Starts a backend. Call once, before any tensor is made.
 * @param choice - `auto`: the native one where it was built, else WebGPU where there is a GPU, else WASM
 * @param options.threads - threads of the native backend; 0: one for each core
 * @throws {Error} when `tensorflow` or `webgpu` is asked for and cannot be used, naming the remedy
 */
export async function startBackend(choice: 'auto' | BackendName, options: { threads?: number } = {}): Promise<Backend> {
  if (choice === 'wasm') return startWasm('WHENCE_BACKEND=wasm');
  if (choice === 'webgpu') {
    return startGpu(false, 'WHENCE_BACKEND=webgpu').catch((error: unknown) => {
      const remedy = 'install the driver, or use "auto"';
      throw new Error(`WHENCE_BACKEND is "webgpu", but WebGPU cannot be used: ${firstLine(error)}; ${remedy}`);
    });
  }
  try {
    return await startNative(options.threads ?? 0);
  } catch (error) {
    const reason = whyNotBuilt() ?? firstLine(error);
    if (choice === 'auto') return startWithoutNative(`the native backend is not available: ${reason}`);
    throw new Error(
      `WHENCE_BACKEND is "tensorflow", but the native backend cannot be loaded (${reason}); run \`npm run setup\` or use "auto"`,
    );
  }
}

async function startWithoutNative(why: string): Promise<Backend> {
  try {
    return await startGpu(true, why);
  } catch (error) {
    return startWasm(`${why}; nor is WebGPU: ${firstLine(error)}`);
  }
}

async function startGpu(hardwareOnly: boolean, why: string): Promise<Backend> {
  const { name, software, lost } = await startWebGpu(hardwareOnly);
  const { tf } = await import('./tf.ts');
  const how = software ? `${name}, which computes on the CPU: for tests` : name;
  return {
    name: 'webgpu',
    device: name,
    version: tf.version_core,
    libtensorflow: null,
    reason: `WebGPU on ${how}; ${why}`,
    lost,
  };
}

async function startNative(threads: number): Promise<Backend> {
  // Both are read when the library loads.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  if (threads > 0) {
    process.env.TF_NUM_INTRAOP_THREADS = String(threads);
    process.env.TF_NUM_INTEROP_THREADS = '1';
  }
  restoreRemovedFunctions();
  const native: typeof import('@tensorflow/tfjs-node-gpu') = require('@tensorflow/tfjs-node-gpu');
  const { tf } = await import('./tf.ts');
  await tf.setBackend('tensorflow');
  // Version of libtensorflow, which tfjs's own version does not tell.
  const binding = (tf.backend() as unknown as { binding: { TF_Version: string } }).binding;
  const { int8 } = loadKernels();
  const products = int8 === '' ? 'int8 by AVX-512 VNNI' : `int8 by TensorFlow's ops (${int8})`;
  const reason = `native binding on libtensorflow ${binding.TF_Version}; ${products}`;
  return {
    name: 'tensorflow',
    device: 'cpu',
    version: native.version['tfjs-core'],
    libtensorflow: binding.TF_Version,
    reason,
  };
}

async function startWasm(reason: string): Promise<Backend> {
  require('@tensorflow/tfjs-backend-wasm');
  const { tf } = await import('./tf.ts');
  await tf.setBackend('wasm');
  return { name: 'wasm', device: 'cpu', version: tf.version_core, libtensorflow: null, reason };
}

/** tfjs-node 4.22 calls two functions that Node.js 23 no longer has. */
function restoreRemovedFunctions(): void {
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  old.isArray = Array.isArray; // deprecated where there still is one
}

/** What setup noted when it could not build the binding. */
function whyNotBuilt(): string | null {
  const state = new URL('../../.whence/native/state.json', import.meta.url);
  if (!existsSync(state)) return null;
  const { reason } = JSON.parse(readFileSync(state, 'utf8')) as { reason?: string };
  return reason ?? null;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
