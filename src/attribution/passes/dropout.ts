/** Dropout masks of a network in training mode (Srivastava et al. 2014), seeded. */

import { Random } from '../../random.ts';
import { type Tensor, tf } from '../../tensors/tf.ts';
import type { Variant } from '../step-function.ts';

/** Draws masks: 0 with probability `rate`, else 1 / (1 - rate), so that expectations stay. */
export class DropoutMasks {
  readonly #random: Random;
  /** True once any mask was drawn: false for a model without dropout. */
  drawn = false;

  constructor(random: Random) {
    this.#random = random;
  }

  readonly draw = (shape: number[], rate: number): Tensor => {
    this.drawn = true;
    if (rate >= 1) return tf.zeros(shape);
    const kept = new Uint8Array(shape.reduce((product, size) => product * size, 1)).fill(1);
    // The gap to the next dropped entry is geometric: one draw for each dropped entry and not for each entry.
    const scale = 1 / Math.log1p(-rate);
    const gap = (): number => Math.floor(Math.log(1 - this.#random.uniform()) * scale);
    for (let at = gap(); at < kept.length; at += 1 + gap()) kept[at] = 0;
    // Bytes are a quarter of the way to the device.
    return tf.tidy(() => tf.mul(tf.cast(tf.tensor(kept, shape, 'bool'), 'float32'), 1 / (1 - rate)));
  };
}

/**
 * A network that dropout drew once: the same masks at every run, for every copy of the sequence.
 * @param seed - tells networks apart
 */
export function frozenMasks(seed: number): Variant {
  return {
    options(segments) {
      const masks = new DropoutMasks(new Random(seed));
      const dropout = (shape: number[], rate: number): Tensor =>
        tf.tidy(() => {
          const one = masks.draw([shape[0] / segments, ...shape.slice(1)], rate);
          return segments === 1 ? one : tf.tile(one, [segments, ...shape.slice(1).fill(1)]);
        });
      return { dropout };
    },
  };
}
