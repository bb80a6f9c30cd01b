/** Dropout masks of a network in training mode (Srivastava et al. 2014), seeded. */

import type { Random } from '../generation/random.ts';
import { type Tensor, tf } from '../tensors/tf.ts';

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
    const mask = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (rate >= 1) return tf.tensor(mask, shape);
    mask.fill(1 / (1 - rate));
    // The gap to the next dropped entry is geometric: one draw for each dropped entry and not for each entry.
    const scale = 1 / Math.log1p(-rate);
    const gap = (): number => Math.floor(Math.log(1 - this.#random.uniform()) * scale);
    for (let at = gap(); at < mask.length; at += 1 + gap()) mask[at] = 0;
    return tf.tensor(mask, shape);
  };
}
