/** Dropout masks of a network in training mode (Srivastava et al. 2014), seeded. */

import { Random } from '../generation/random.ts';
import { type Tensor, tf } from '../tensors/tf.ts';
import type { Variant } from './step-function.ts';

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
