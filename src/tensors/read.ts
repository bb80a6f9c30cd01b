/** Reads from the device. All of them are awaited: not every backend can be waited for. */

import { type Tensor, tf } from './tf.ts';
import { takeFault } from './webgpu.ts';
import { trimBuffers } from './webgpu-buffers.ts';

/** The values of the tensor that `make` returns, freeing it and what was made on the way. */
export async function read(make: () => Tensor): Promise<Float32Array> {
  return readKept(tf.tidy(() => tf.keep(make().clone())));
}

/**
 * The values of a tensor, which is freed.
 * @throws {Error} where the device failed since the last read
 */
export async function readKept(tensor: Tensor): Promise<Float32Array> {
  try {
    const values = (await tensor.data()) as Float32Array;
    const fault = takeFault();
    if (fault !== null) throw fault;
    return values;
  } catch (error) {
    throw takeFault() ?? error; // WebGPU's own errors of reads are names alone
  } finally {
    tensor.dispose();
    trimBuffers();
  }
}

/** As `read`, where there may be nothing to read. */
export async function readOptional(make: () => Tensor | null): Promise<Float32Array | null> {
  let tensor: Tensor | null = null;
  tf.tidy(() => {
    const result = make();
    if (result !== null) tensor = tf.keep(result.clone());
  });
  return tensor === null ? null : readKept(tensor);
}
