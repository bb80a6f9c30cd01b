/**
 * Buffers of tfjs's WebGPU backend, bounded. It keeps every buffer that it has ever made for one of the same size to
 * come; texts of other lengths want other sizes, so that a process would take the whole device in time.
 */

import { tf } from './tf.ts';

/** The parts of tfjs's manager that hold what is free. */
interface BufferManager {
  freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

/** Free bytes beyond which all free buffers are given back. */
let mostFree = 2 ** 30;

export function limitFreeBuffers(bytes: number): void {
  mostFree = bytes;
}

/** Called after reads, when what a pass took is free again. Does nothing on other backends. */
export function trimBuffers(): void {
  if (tf.getBackend() !== 'webgpu') return;
  const { bufferManager } = tf.backend() as unknown as { bufferManager: BufferManager };
  if (bufferManager.numBytesAllocated - bufferManager.numBytesUsed <= mostFree) return;
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers) {
      buffer.destroy();
      bufferManager.numBytesAllocated -= buffer.size;
    }
    bufferManager.numFreeBuffers -= buffers.length;
    buffers.length = 0;
  }
}
