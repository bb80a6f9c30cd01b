/**
 * The NVIDIA GPU under the native backend: which one it is, and, where TensorFlow has silently taken the CPU, why.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { cudaLibraries } from '../cuda-environment.ts';

export interface Gpu {
  name: string;
  /** Such as 9.0. */
  capability: number;
  memoryBytes: number;
}

/** What is asked of the machine; tests answer in its place. */
export interface Probes {
  /** Whether a driver is loaded. */
  driver(): boolean;
  gpus(): Gpu[];
  /** Folders of NVIDIA's libraries. */
  libraries(): string[];
  /** Why a library does not load; null: it does. */
  obstacle(library: string): string | null;
}

/** Of CUDA 12 and cuDNN 9, which tensorflow 2.21 is built for; the first is the driver's. */
const LIBRARIES = [
  ...['libcuda.so.1', 'libcudart.so.12', 'libcublasLt.so.12', 'libcublas.so.12', 'libcufft.so.11'],
  ...['libcusparse.so.12', 'libcusolver.so.11', 'libcudnn.so.9'],
];

/** tensorflow 2.21 has kernels for 6.0 to 9.0. */
const CAPABILITIES = { from: 6, below: 10 };

const MACHINE: Probes = {
  driver: () => existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl'),
  gpus: listGpus,
  libraries: () => cudaLibraries(),
  obstacle: obstacleOf,
};

function listGpus(): Gpu[] {
  const { CUDA_VISIBLE_DEVICES: visible } = process.env;
  const query = ['--query-gpu=name,compute_cap,memory.total', '--format=csv,noheader,nounits'];
  const { status, stdout } = spawnSync('nvidia-smi', [...query, ...(visible ? ['-i', visible] : [])], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? parseGpus(stdout) : [];
}

/** Lines such as `NVIDIA H100 80GB HBM3, 9.0, 81559`, the last in mebibytes. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter((fields) => fields.length === 3)
    .map(([name, capability, memory]) => ({
      name,
      capability: Number(capability),
      memoryBytes: Number(memory) * 2 ** 20,
    }));
}

function obstacleOf(library: string): string | null {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
    return null;
  } catch (error) {
    const [message] = (error as Error).message.split('\n');
    return message.includes('did not self-register') ? null : message; // it loads, and is no module of Node.js
  }
}

/** The GPU that tfjs's binding takes, the last one that is visible; null where nvidia-smi tells of none. */
export function usedGpu(probes: Probes = MACHINE): Gpu | null {
  return probes.gpus().at(-1) ?? null;
}

/** For people: `NVIDIA H100 80GB HBM3 (CUDA, compute capability 9.0)`. */
export function describeGpu(gpu: Gpu | null): string {
  return gpu === null ? 'NVIDIA GPU (CUDA)' : `${gpu.name} (CUDA, compute capability ${gpu.capability.toFixed(1)})`;
}

/** Why TensorFlow computes on the CPU, and what to do. */
export function whyNoGpu(probes: Probes = MACHINE): string {
  if (!probes.driver()) {
    return 'there is no NVIDIA driver: install one of 525.60 or newer, or start the container with its GPUs (`--gpus all`)';
  }
  if (probes.libraries().length === 0) {
    return 'the CUDA build of the native backend is not installed: run `WHENCE_DEVICE=cuda npm run setup`';
  }
  for (const library of LIBRARIES) {
    const obstacle = probes.obstacle(library);
    if (obstacle === null) continue;
    const remedy =
      library === 'libcuda.so.1'
        ? "it is the driver's: install the driver, or give the container the capability `compute`"
        : 'remove `.whence/native` and run `WHENCE_DEVICE=cuda npm run setup`';
    return `${library} does not load (${obstacle}): ${remedy}`;
  }
  const gpu = usedGpu(probes);
  if (gpu !== null && !hasKernels(gpu)) return withoutKernels(gpu);
  return 'TensorFlow finds no GPU that it can use; with TF_CPP_MIN_LOG_LEVEL=0 its own log says why';
}

export const hasKernels = ({ capability }: Gpu): boolean =>
  capability >= CAPABILITIES.from && capability < CAPABILITIES.below;

/** Why a GPU that is there cannot compute: Blackwell and newer, or too old. */
export function withoutKernels({ name, capability }: Gpu): string {
  const { from, below } = CAPABILITIES;
  return (
    `${name} has compute capability ${capability.toFixed(1)}, and TensorFlow's wheel has kernels for ${from}.0 to ` +
    `${below - 1}.0: use WHENCE_BACKEND=webgpu, or WHENCE_DEVICE=cpu`
  );
}
