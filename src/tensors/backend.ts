/**
 * Chooses and starts the tfjs backend: TensorFlow's own kernels through the native binding that setup built, WebGPU, or
 * WASM, which always works.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import util from 'node:util';
import { cudaLibraries, type DeviceChoice } from '../cuda-environment.ts';
import { describeGpu, hasKernels, usedGpu, whyNoGpu, withoutKernels } from './cuda.ts';
import { computeOn } from './enough-rows.ts';
import { leaveKernelsOut, loadKernels } from './kernels.ts';
import { repairCpuKernels, repairNativeKernels } from './native-kernels.ts';
import { readKept } from './read.ts';
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
  /** Of the device, where it has memory of its own. */
  memoryBytes?: number;
  /** Resolves with the reason when the device is gone, and with it every tensor. */
  lost?: Promise<string>;
}

export interface BackendOptions {
  /** Of the native backend on the CPU; 0: one for each core. */
  threads?: number;
  /** Of the native backend; `auto`: an NVIDIA GPU where there is one and the CUDA build. */
  device?: DeviceChoice;
}

/**
 * Starts a backend. Call once, before any tensor is made.
 * @param choice - `auto`: the native one where it was built, else WebGPU where there is a GPU, else WASM
 * @throws {Error} when a backend or device that is asked for cannot be used, naming the remedy
 */
export async function startBackend(choice: 'auto' | BackendName, options: BackendOptions = {}): Promise<Backend> {
  const { threads = 0, device = 'auto' } = options;
  if (device === 'cuda' && (choice === 'wasm' || choice === 'webgpu')) {
    throw new Error(
      `WHENCE_DEVICE is "cuda", which the native backend alone can use, and WHENCE_BACKEND is "${choice}": leave one of them out`,
    );
  }
  if (choice === 'wasm') return startWasm('WHENCE_BACKEND=wasm');
  if (choice === 'webgpu') {
    return startGpu(false, 'WHENCE_BACKEND=webgpu').catch((error: unknown) => {
      const remedy = 'install the driver, or use "auto"';
      throw new Error(`WHENCE_BACKEND is "webgpu", but WebGPU cannot be used: ${firstLine(error)}; ${remedy}`);
    });
  }
  try {
    return await startNative(threads, device);
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    const reason = whyNotBuilt() ?? firstLine(error);
    const wanted = device === 'cuda' ? 'WHENCE_DEVICE is "cuda"' : 'WHENCE_BACKEND is "tensorflow"';
    if (choice === 'auto' && device !== 'cuda')
      return startWithoutNative(`the native backend is not available: ${reason}`);
    throw new Error(
      `${wanted}, but the native backend cannot be loaded (${reason}); run \`npm run setup\` or use "auto"`,
    );
  }
}

/** The backend loads, but the device that was asked for is not there or cannot compute. */
class DeviceError extends Error {}

async function startWithoutNative(why: string): Promise<Backend> {
  try {
    return await startGpu(true, why);
  } catch (error) {
    return startWasm(`${why}; nor is WebGPU: ${firstLine(error)}`);
  }
}

/** WebGPU does not tell how much memory a GPU has: as much as most of today's have at least. */
const SUPPOSED_GPU_BYTES = 6 * 2 ** 30;

async function startGpu(hardwareOnly: boolean, why: string): Promise<Backend> {
  const { name, software, lost } = await startWebGpu(hardwareOnly);
  computeOn(software ? 'cpu' : 'gpu');
  const { tf } = await import('./tf.ts');
  const how = software ? `${name}, which computes on the CPU: for tests` : name;
  return {
    name: 'webgpu',
    device: name,
    version: tf.version_core,
    libtensorflow: null,
    memoryBytes: software ? undefined : SUPPOSED_GPU_BYTES,
    reason: `WebGPU on ${how}; ${why}`,
    lost,
  };
}

async function startNative(threads: number, device: DeviceChoice): Promise<Backend> {
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
  repairNativeKernels();
  const { binding, isUsingGpuDevice } = tf.backend() as unknown as {
    binding: { TF_Version: string };
    isUsingGpuDevice: boolean;
  };
  // Version of libtensorflow, which tfjs's own version does not tell.
  const libtensorflow = binding.TF_Version;
  const common = { name: 'tensorflow', version: native.version['tfjs-core'], libtensorflow } as const;
  if (isUsingGpuDevice) {
    leaveKernelsOut('they compute on the CPU');
    computeOn('gpu');
    const gpu = usedGpu();
    await tryGpu(gpu && !hasKernels(gpu) ? withoutKernels(gpu) : null);
    return {
      ...common,
      device: describeGpu(gpu),
      ...(gpu && { memoryBytes: gpu.memoryBytes }),
      reason: `native binding on libtensorflow ${libtensorflow}, on the GPU; int8 is storage, products are of float32`,
    };
  }
  computeOn('cpu');
  // TensorFlow takes the CPU without a word.
  if (device === 'cuda') throw new DeviceError(`WHENCE_DEVICE is "cuda", but ${whyNoGpu()}`);
  repairCpuKernels();
  const own = loadKernels();
  const kernels = 'processor' in own ? `ops of our own for ${own.processor}` : `no ops of our own (${own.obstacle})`;
  const fallback = device === 'auto' && cudaLibraries().length > 0 ? `; not on a GPU: ${whyNoGpu()}` : '';
  return {
    ...common,
    device: 'cpu',
    reason: `native binding on libtensorflow ${libtensorflow}; ${kernels}${fallback}`,
  };
}

/** Computes a product on the GPU: one without kernels of its generation is found, and fails at the first op. */
async function tryGpu(suspicion: string | null): Promise<void> {
  const { tf } = await import('./tf.ts');
  let failure: string;
  try {
    const values = await readKept(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.fill([3, 2], 2))));
    if (values.every((value) => value === 6)) return;
    failure = `it gives ${values[0]} for three times 1 x 2`;
  } catch (error) {
    failure = firstLine(error);
  }
  throw new DeviceError(`the GPU cannot compute: ${suspicion ?? `${failure}; use WHENCE_DEVICE=cpu`}`);
}

async function startWasm(reason: string): Promise<Backend> {
  require('@tensorflow/tfjs-backend-wasm');
  const { tf } = await import('./tf.ts');
  await tf.setBackend('wasm');
  computeOn('cpu');
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
