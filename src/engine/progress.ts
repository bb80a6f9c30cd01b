/** Progress of the texts of a job that are worked on together, as one number. */

import type { EngineHooks } from './attribution.ts';

/** New tokens of all texts, of those that were asked for. */
export class GeneratingProgress {
  readonly #hooks: EngineHooks;
  readonly #generated: number[];

  constructor(hooks: EngineHooks, texts: number) {
    this.#hooks = hooks;
    this.#generated = new Array<number>(texts).fill(0);
  }

  report(text: number, generated: number, wanted: number): void {
    this.#generated[text] = generated;
    const completed = this.#generated.reduce((sum, tokens) => sum + tokens, 0);
    this.#hooks.progress({ phase: 'generating', completed, total: this.#generated.length * wanted });
  }
}

/** What the method has done of all texts, in the units of the text that reports. */
export class AttributingProgress {
  readonly #hooks: EngineHooks;
  readonly #fractions: number[];
  /** Share of all that was told last: what is told never goes back. */
  #told: number;

  /** @param fractions - of each text, that an earlier attempt has done */
  constructor(hooks: EngineHooks, fractions: number[]) {
    this.#hooks = hooks;
    this.#fractions = fractions;
    this.#told = fractions.reduce((all, fraction) => all + fraction, 0) / fractions.length;
  }

  report(text: number, completed: number, total: number): void {
    // A text may report fewer units again, for its next stage.
    this.#fractions[text] = Math.max(this.#fractions[text], completed / total);
    const sum = this.#fractions.reduce((all, fraction) => all + fraction, 0);
    const units = { completed: Math.floor(sum * total), total: this.#fractions.length * total };
    const share = units.completed / units.total;
    if (share < this.#told) return; // its units are coarser
    this.#told = share;
    this.#hooks.progress({ phase: 'attributing', ...units });
  }
}
