/** Reads from the device. All of them are awaited: not every backend can be waited for. */

import { type Tensor, tf } from './tf.ts';

/** The values of the tensor that `make` returns, freeing it and what was made on the way. */
export async function read(make: () => Tensor): Promise<Float32Array> {
  return readKept(tf.tidy(() => tf.keep(make().clone())));
}

/** The values of a tensor, which is freed. */
export async function readKept(tensor: Tensor): Promise<Float32Array> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
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
