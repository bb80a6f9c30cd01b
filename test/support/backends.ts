/**
 * The backends that tests compute on: the native one and WASM, in a quick run (`npm run test:quick`) the native one
 * alone, and in `npm run test:webgpu` WebGPU alone.
 */

import { useSoftwareGpu } from './software-gpu.ts';

type BackendName = 'tensorflow' | 'wasm' | 'webgpu';

const { TEST_BACKEND, TEST_QUICK } = process.env;

export const BACKENDS: readonly BackendName[] =
  TEST_BACKEND !== undefined
    ? [TEST_BACKEND as BackendName]
    : TEST_QUICK === undefined
      ? ['tensorflow', 'wasm']
      : ['tensorflow'];

/** The backend of tests that one is enough for. */
export const ONE_BACKEND: BackendName | 'auto' = BACKENDS.length === 1 && TEST_BACKEND ? BACKENDS[0] : 'auto';

if (TEST_BACKEND === 'webgpu') useSoftwareGpu();
