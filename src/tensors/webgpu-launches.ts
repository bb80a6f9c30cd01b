/**
 * Launches of WebGPU programs that cost the CPU less than by tfjs alone. On an H100 a launch computes for some 20
 * microseconds; filling its uniforms took 36 and each submit a thousand.
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

/** The parts of tfjs's backend that launch. */
interface LaunchingBackend {
  makeUniforms(uniforms: Uniform[]): UniformBinding;
  recordAndSubmit(program: object, output: { shape: number[] }, ...rest: unknown[]): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  /** Null: nothing waits to be submitted. */
  commandEncoder: object | null;
  /** Buffers that are given back after the next submit. */
  uniformPendingDisposal: GPUBuffer[];
}

export function cheapenLaunches(backend: object): void {
  keepUniforms(backend as LaunchingBackend);
  submitBySize(backend as LaunchingBackend);
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
