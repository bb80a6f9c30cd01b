/** Fixed sinusoidal positions (Vaswani et al. 2017, section 3.5). */

import { type Tensor2D, tf } from '../tensors/tf.ts';

/** More than any checkpoint has; such a table is not stored, so that only config.json says how large it is. */
const MAX_POSITIONS = 2 ** 20;

/**
 * A table of positions 0 .. count - 1: sines of every frequency in the first columns, then cosines of as many as the
 * width leaves room for, then zeros.
 * @param frequencies - radians per position
 * @returns [count, width]
 * @throws {Error} where there would be more than 1,048,576 positions
 */
export function sinusoidalTable(count: number, width: number, frequencies: ArrayLike<number>): Tensor2D {
  if (count > MAX_POSITIONS) {
    throw new Error(`config.json: "max_position_embeddings" is ${count}; at most ${MAX_POSITIONS} are computed`);
  }
  const values = new Float32Array(count * width);
  for (let position = 0; position < count; position++) {
    for (let i = 0; i < frequencies.length; i++) {
      const angle = position * frequencies[i];
      const cosine = frequencies.length + i;
      values[position * width + i] = Math.sin(angle);
      if (cosine < width) values[position * width + cosine] = Math.cos(angle);
    }
  }
  return tf.tensor2d(values, [count, width]);
}
