/** Bounds what a template may compute: nested loops and strings that double would take all time and memory. */

import { JinjaError } from './errors.ts';

/** Steps of any template, and steps for each character of what it is given. */
const BASE = 10_000_000;
const PER_CHARACTER = 200;

/** Macros and recursive loops inside of each other. */
const MAX_DEPTH = 100;

export class Budget {
  readonly #limit: number;
  #left: number;
  #depth = 0;

  /** @param characters - length of what the template is given */
  constructor(characters: number) {
    this.#limit = BASE + PER_CHARACTER * characters;
    this.#left = this.#limit;
  }

  /** One for each node that is evaluated; the length of each text or list that is made. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new JinjaError(`the template takes more than ${this.#limit} steps`);
  }

  /** Runs `work` one level deeper. */
  nested<T>(work: () => T): T {
    if (this.#depth >= MAX_DEPTH) throw new JinjaError(`macros call each other more than ${MAX_DEPTH} levels deep`);
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }
}
