/** A process that computes on WebGPU and ends by itself, for webgpu.test.ts. */

import { startBackend } from '../../src/tensors/backend.ts';
import { read } from '../../src/tensors/read.ts';
import { tf } from '../../src/tensors/tf.ts';
import { useSoftwareGpu } from '../support/software-gpu.ts';

useSoftwareGpu();
await startBackend('webgpu');
console.log((await read(() => tf.add(tf.tensor1d([1, 2, 3]), tf.tensor1d([4, 5, 6])))).join());
