/** Seeded random numbers: the same request and seed gives the same result on every machine. */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers discarded at the start, until the seed is spread over all bits of the state. */
const WARM_UP = 32;

/** Spreads neighboring seeds (MurmurHash3's finalizer), which the generator alone would map to similar numbers. */
function mixed(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(mixed(seed));
    for (let i = 0; i < WARM_UP; i++) this.#generator.next();
  }

  /** A number of [0, 1) with 32 random bits. */
  uniform(): number {
    return (this.#generator.next() >>> 0) / 2 ** 32;
  }

  /** A standard normal number (Box & Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** An integer of 0 .. below - 1. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** The integers of 0 .. count - 1 in random order (Fisher & Yates, by Durstenfeld 1964). */
  order(count: number): number[] {
    const order = Array.from({ length: count }, (_, k) => k);
    for (let last = count - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      [order[last], order[other]] = [order[other], order[last]];
    }
    return order;
  }

  /** An independent generator, seeded from this one. */
  fork(): Random {
    return new Random(this.#generator.next());
  }
}
