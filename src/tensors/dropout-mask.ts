/**
 * Masks of inverted dropout (Srivastava et al. 2014), each entry a function of a key and of its place: the same on every
 * backend, natively by kernels/dropout.cc, which has the same function.
 */

import { kernelBackend } from './kernels.ts';
import { type Tensor, tf } from './tf.ts';

/** A bijection of 32 bits that spreads each over all (Wellons 2018, "Prospecting for Hash Functions": lowbias32). */
function mixed(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/**
 * 0 with probability `rate`, else 1 / (1 - rate).
 * @param key - 32 bits that tell masks apart
 */
export function dropoutMask(shape: number[], rate: number, key: number): Tensor {
  // An entry is dropped where 24 of its random bits are below the threshold.
  const threshold = Math.round(rate * 2 ** 24);
  const kept = 1 / (1 - rate);
  const native = kernelBackend();
  if (native !== null) {
    const attributes = [
      { name: 'key', type: native.binding.TF_ATTR_INT, value: key },
      { name: 'threshold', type: native.binding.TF_ATTR_INT, value: threshold },
      { name: 'kept', type: native.binding.TF_ATTR_FLOAT, value: kept },
    ];
    const count = shape.reduce((product, size) => product * size, 1);
    return tf.tidy(() => {
      const inputs = [tf.tensor1d([count], 'int32')];
      return tf.reshape(native.executeSingleOutput('WhenceDropoutMask', attributes, inputs) as Tensor, shape);
    });
  }
  const entries = new Uint8Array(shape.reduce((product, size) => product * size, 1));
  for (let i = 0; i < entries.length; i++) {
    if (mixed((mixed(i) + key) | 0) >>> 8 >= threshold) entries[i] = 1;
  }
  // Bytes are a quarter of the way to the device.
  return tf.tidy(() => tf.mul(tf.cast(tf.tensor(entries, shape, 'bool'), 'float32'), kept));
}
