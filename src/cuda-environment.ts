/**
 * What the engine's process needs in its environment to compute on an NVIDIA GPU: it must be there before the process
 * starts. Setup lays the libraries of NVIDIA's wheels out beside the native backend; where it has not, nothing is added.
 */

import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type DeviceChoice = 'auto' | 'cpu' | 'cuda';

/** The folders with NVIDIA's libraries, `nvidia/NAME/lib` of the native backend in use; empty: it is the CPU's build. */
export function cudaLibraries(home = nativeHome()): string[] {
  const nvidia = home && join(home, 'nvidia');
  if (nvidia === null || !existsSync(nvidia)) return [];
  return readdirSync(nvidia)
    .sort()
    .map((name) => join(nvidia, name, 'lib'))
    .filter((folder) => existsSync(folder));
}

/** Where setup keeps the native backend that is linked into its package; null: it has not built one. */
function nativeHome(): string | null {
  try {
    const { resolve } = createRequire(import.meta.url);
    return dirname(realpathSync(join(dirname(resolve('@tensorflow/tfjs-node-gpu/package.json')), 'deps')));
  } catch {
    return null;
  }
}

/** Variables to be added to `env`. What the operator has set stays, except that libraries are looked for here first. */
export function cudaEnvironment(
  choice: DeviceChoice,
  env: NodeJS.ProcessEnv,
  libraries = cudaLibraries(),
): Record<string, string> {
  if (libraries.length === 0) return {};
  if (choice === 'cpu') return { CUDA_VISIBLE_DEVICES: '-1' };
  const path = [...libraries, ...(env.LD_LIBRARY_PATH ? [env.LD_LIBRARY_PATH] : [])].join(':');
  const defaults = {
    // Memory as it is needed: beside other processes, and so that what is measured is what is used.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // TF32 keeps 10 bits of a product's operands: results would be off by 1e-3, not 1e-6.
    NVIDIA_TF32_OVERRIDE: '0',
    // Without it sums by atomics differ from run to run.
    TF_DETERMINISTIC_OPS: '1',
  };
  const own = Object.entries(defaults).filter(([name]) => env[name] === undefined);
  return { LD_LIBRARY_PATH: path, ...Object.fromEntries(own) };
}
