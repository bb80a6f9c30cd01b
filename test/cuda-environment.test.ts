/** What the engine's process is given to compute on an NVIDIA GPU. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { cudaEnvironment, cudaLibraries } from '../src/cuda-environment.ts';

it('finds the folders of libraries that setup has laid out, and none beside the CPU build', () => {
  const home = mkdtempSync(join(tmpdir(), 'whence-cuda-'));
  for (const name of ['cudnn/lib', 'cublas/lib', 'cuda_nvcc/bin']) {
    mkdirSync(join(home, 'nvidia', name), { recursive: true });
  }
  assert.deepEqual(cudaLibraries(home), [join(home, 'nvidia/cublas/lib'), join(home, 'nvidia/cudnn/lib')]);
  rmSync(home, { recursive: true });
  assert.deepEqual(cudaLibraries(home), []);
});

it('puts the libraries first, has memory grow, products in full precision and sums in one order', () => {
  assert.deepEqual(cudaEnvironment('auto', {}, ['/a', '/b']), {
    LD_LIBRARY_PATH: '/a:/b',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    NVIDIA_TF32_OVERRIDE: '0',
    TF_DETERMINISTIC_OPS: '1',
  });
});

it('keeps what the operator has set', () => {
  const env = { LD_LIBRARY_PATH: '/own', NVIDIA_TF32_OVERRIDE: '1', TF_DETERMINISTIC_OPS: '0' };
  assert.deepEqual(cudaEnvironment('cuda', env, ['/a']), {
    LD_LIBRARY_PATH: '/a:/own',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  });
});

it('hides the GPU from the CUDA build where the CPU is asked for, and adds nothing beside the CPU build', () => {
  assert.deepEqual(cudaEnvironment('cpu', {}, ['/a']), { CUDA_VISIBLE_DEVICES: '-1' });
  for (const choice of ['auto', 'cpu', 'cuda'] as const) assert.deepEqual(cudaEnvironment(choice, {}, []), {});
});
