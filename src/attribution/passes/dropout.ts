/** Dropout masks of a network in training mode (Srivastava et al. 2014), seeded. */

import { Random } from '../../random.ts';
import { dropoutMask } from '../../tensors/dropout-mask.ts';
import { type Tensor, tf } from '../../tensors/tf.ts';
import type { Variant } from '../step-function.ts';

/** Draws masks, each with a key of its own: 0 with probability `rate`, else 1 / (1 - rate), so that expectations stay. */
export class DropoutMasks {
  readonly #random: Random;
  /** Masks that were drawn: none for a model without dropout. */
  drawn = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  readonly draw = (shape: number[], rate: number): Tensor => {
    const key = this.#key();
    return rate >= 1 ? tf.zeros(shape) : dropoutMask(shape, rate, key);
  };

  /** Passes over the keys of masks that an earlier attempt has drawn. */
  skip(masks: number): void {
    for (let mask = 0; mask < masks; mask++) this.#key();
  }

  #key(): number {
    this.drawn += 1;
    return this.#random.integer(2 ** 32);
  }
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
