/** Starts the backend of its argument and says what came of it, for webgpu.test.ts. */

import { createRequire, Module } from 'node:module';
import { startBackend } from '../../src/tensors/backend.ts';
import { useSoftwareGpu } from '../support/software-gpu.ts';

useSoftwareGpu();
if (process.env.TEST_WITHOUT_NATIVE !== undefined) hideNative();
try {
  const { name, device, reason } = await startBackend(process.argv[2] as 'auto');
  console.log(name, device, reason);
} catch (error) {
  console.log((error as Error).message);
  process.exitCode = 1;
}

/** As where setup could not build the binding. */
function hideNative(): void {
  const path = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu');
  const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const load = loader._load;
  loader._load = (request, ...rest) => {
    if (request === path || request === '@tensorflow/tfjs-node-gpu') throw new Error('no binding');
    return load.call(loader, request, ...rest);
  };
}
