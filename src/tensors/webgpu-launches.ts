/**
 * Launches of WebGPU programs that cost the CPU less than by tfjs alone. On an H100 a launch computes for some 20
 * microseconds; filling its uniforms took 36, each upload 200 and each submit a thousand.
 */

import { tf } from './tf.ts';

interface Uniform {
  type: string;
  data: readonly number[];
}

interface UniformBinding {
  offset: number;
  size: number;
  buffer: GPUBuffer;
}

/** What tfjs keeps of a tensor: its values until they are on the device, then the buffer there. */
interface TensorData {
  values?: ArrayLike<number> | null;
  resource?: GPUBuffer | null;
  dtype: string;
  shape: number[];
}

/** The parts of tfjs's backend that launch. */
interface LaunchingBackend {
  queue: GPUQueue;
  tensorMap: { get(dataId: object): TensorData };
  bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  uploadToGPU(dataId: object): void;
  makeUniforms(uniforms: Uniform[]): UniformBinding;
  recordAndSubmit(program: { pipeline: GPUComputePipeline }, output: { shape: number[] }, ...rest: unknown[]): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  /** Null: nothing waits to be submitted. */
  commandEncoder: object | null;
  /** Buffers that are given back after the next submit. */
  uniformPendingDisposal: GPUBuffer[];
}

export function cheapenLaunches(backend: object): void {
  keepUniforms(backend as LaunchingBackend);
  writeSmallTensors(backend as LaunchingBackend);
  keepLayouts(backend as LaunchingBackend);
  submitBySize(backend as LaunchingBackend);
}

/** Bytes of a tensor beyond which it is uploaded as tfjs does it: weights. */
const MOST_WRITTEN = 2 ** 16;

/**
 * tfjs makes a mapped buffer for each upload, ends the pass and records a copy. Constants and indices are written through
 * the queue instead, which comes before what is recorded: a buffer that is free is no part of that.
 */
function writeSmallTensors(backend: LaunchingBackend): void {
  const upload = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    const data = backend.tensorMap.get(dataId);
    const size = 4 * data.shape.reduce((product, length) => product * length, 1);
    if (data.resource || !data.values || size === 0 || size > MOST_WRITTEN) {
      upload(dataId);
      return;
    }
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = backend.bufferManager.acquireBuffer(size, STORAGE | COPY_SRC | COPY_DST);
    const values = data.dtype === 'float32' ? Float32Array.from(data.values) : Int32Array.from(data.values);
    backend.queue.writeBuffer(buffer, 0, values);
    data.values = null;
    data.resource = buffer;
  };
}

/** Buffers of some hundred bytes each. */
const MOST_KEPT = 16_384;

/** tfjs fills a buffer for each launch: but shapes and the few numbers beside come again in every layer and every pass. */
function keepUniforms(backend: LaunchingBackend): void {
  const kept = new Map<string, UniformBinding>();
  const write = backend.makeUniforms.bind(backend);
  backend.makeUniforms = (uniforms) => {
    const key = uniforms.map(({ type, data }) => `${type} ${data.join()}`).join(';');
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= MOST_KEPT) {
      backend.uniformPendingDisposal.push(...Array.from(kept.values(), ({ buffer }) => buffer));
      kept.clear();
    }
    const binding = write(uniforms);
    backend.uniformPendingDisposal.pop(); // it stays
    kept.set(key, binding);
    return binding;
  };
}

/** tfjs asks a pipeline for its layout at each launch, and Dawn makes an object for each answer. */
function keepLayouts(backend: LaunchingBackend): void {
  const known = new WeakSet<GPUComputePipeline>();
  const record = backend.recordAndSubmit.bind(backend);
  backend.recordAndSubmit = (program, ...rest) => {
    const { pipeline } = program;
    if (!known.has(pipeline)) {
      const layout = pipeline.getBindGroupLayout(0);
      pipeline.getBindGroupLayout = () => layout;
      known.add(pipeline);
    }
    record(program, ...rest);
  };
}

/** Launches between two submits, and bytes of their outputs: none of their buffers can serve another before. */
const MOST_LAUNCHES = 96;
const MOST_BYTES = 2 ** 29;

/** tfjs submits after every 15 launches, so that memory serves again; small outputs can wait for longer. */
function submitBySize(backend: LaunchingBackend): void {
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', MOST_LAUNCHES);
  const record = backend.recordAndSubmit.bind(backend);
  let bytes = 0;
  backend.recordAndSubmit = (program, output, ...rest) => {
    record(program, output, ...rest);
    bytes += 4 * output.shape.reduce((size, length) => size * length, 1);
    if (backend.commandEncoder !== null && bytes > MOST_BYTES) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    if (backend.commandEncoder === null) bytes = 0;
  };
}
