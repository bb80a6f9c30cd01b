/**
 * Starts tfjs's WebGPU backend on Dawn, Chromium's implementation, which the npm package `webgpu` brings to Node.js.
 *
 * WebGPU tells of faults late: a program that does not compile or memory that is not there shows as an event, while the
 * ops go on with garbage. So every read asks for faults, and a device that is lost ends the engine's process.
 */

import { createRequire } from 'node:module';
import { repairKernels } from './webgpu-kernels.ts';
import { cheapenLaunches } from './webgpu-launches.ts';

const require = createRequire(import.meta.url);

/** An adapter, and whether it is a program on the CPU. */
interface Found {
  gpu: GPU;
  adapter: GPUAdapter;
  software: boolean;
  /** Of the adapter, for people. */
  name: string;
}

/** The device in use, and what has gone wrong on it. */
interface State {
  /** For people. */
  name: string;
  software: boolean;
  device: GPUDevice;
  /** Resolves with the reason when the device is lost; never when it is closed. */
  lost: Promise<string>;
  /** The first fault since the last read. */
  fault: string | null;
  /** The device is gone for good. */
  isLost: boolean;
}

let state: State | null = null;

export type WebGpuDevice = Pick<State, 'name' | 'software' | 'lost'>;

/**
 * Makes WebGPU tfjs's backend.
 * @param hardwareOnly - refuse adapters that compute on the CPU
 * @throws {Error} where there is no adapter, saying what is missing
 */
export async function startWebGpu(hardwareOnly: boolean): Promise<WebGpuDevice> {
  const { tf } = await import('./tf.ts');
  if (state !== null && !state.isLost) {
    await tf.setBackend('webgpu');
    return state;
  }
  const { gpu, adapter, software, name } = await findAdapter();
  if (hardwareOnly && software) throw new Error(`the only WebGPU adapter, ${name}, computes on the CPU`);
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, Number(adapter.limits[limit])])),
  });
  const {
    WebGPUBackend,
  }: typeof import('@tensorflow/tfjs-backend-webgpu') = require('@tensorflow/tfjs-backend-webgpu');
  if (tf.findBackendFactory('webgpu') !== null) tf.removeBackend('webgpu');
  repairKernels();
  // Without an order that depends on shapes, a row's sums are the same beside others as alone; and none by atomics.
  tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', PACKED_PRODUCT);
  // Small tensors are computed on the device like large ones: another exp than the device's would show in the results.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.registerBackend('webgpu', () => {
    const backend = withNavigator(gpu, () => new WebGPUBackend(device, adapter.info));
    cheapenLaunches(backend);
    return backend;
  });
  await tf.setBackend('webgpu');
  state = watch(device, name, software);
  return state;
}

/** MatMulProgramType.MatMulPackedProgram of tfjs. */
const PACKED_PRODUCT = 3;

/** Limits that are asked for as high as the adapter has them; WebGPU's defaults are those of small devices. */
const LIMITS: readonly (keyof GPUSupportedLimits)[] = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
];

/** @throws {Error} what is missing */
async function findAdapter(): Promise<Found> {
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new Error(`the npm package "webgpu" does not load (${reason})`);
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error(`no WebGPU adapter was found; ${DRIVERS}`);
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = description || device || `${vendor} ${architecture}`.trim() || 'unnamed adapter';
  return { gpu, adapter, software: isFallbackAdapter === true, name };
}

const DRIVERS =
  process.platform === 'linux' ? "it needs the GPU's Vulkan driver and libvulkan1" : "it needs the GPU's driver";

/** tfjs asks `navigator` whether there is WebGPU; Node.js has one of its own from version 21 on. */
function withNavigator<T>(gpu: GPU, body: () => T): T {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  try {
    return body();
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', own);
  }
}

function watch(device: GPUDevice, name: string, software: boolean): State {
  let resolve: (reason: string) => void = () => {};
  const lost = new Promise<string>((done) => {
    resolve = done;
  });
  const watched: State = { name, software, device, lost, fault: null, isLost: false };
  device.addEventListener('uncapturederror', ({ error }) => {
    watched.fault ??= error.message.trim().split('\n').slice(0, 2).join(' ');
  });
  device.lost.then(({ reason, message }) => {
    watched.isLost = true;
    if (state === watched) resolve(message || reason);
  });
  return watched;
}

/** What the device has told of since it was asked last, or that it is gone; null: nothing. Reads ask before they believe. */
export function takeFault(): Error | null {
  if (state === null) return null;
  if (state.isLost) return new Error('the WebGPU device was lost');
  const { fault } = state;
  state.fault = null;
  return fault === null ? null : new Error(`WebGPU: ${fault}`);
}
