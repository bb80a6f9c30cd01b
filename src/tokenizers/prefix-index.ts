/**
 * Finds which strings of a set are prefixes of a text at a position.
 *
 * The set is kept sorted; a search narrows the range of strings that still agree, unit by unit. No trie is built: a
 * vocabulary of 250,000 pieces costs one array.
 */
export class PrefixIndex {
  readonly #sorted: readonly string[];
  /** First code unit -> range of the sorted strings. */
  readonly #first = new Map<number, [number, number]>();

  constructor(strings: Iterable<string>) {
    // The default order compares UTF-16 code units, as the search does.
    this.#sorted = [...new Set(strings)].filter((text) => text.length > 0).sort();
    for (let from = 0; from < this.#sorted.length; ) {
      const unit = this.#sorted[from].charCodeAt(0);
      let to = from + 1;
      while (to < this.#sorted.length && this.#sorted[to].charCodeAt(0) === unit) to++;
      this.#first.set(unit, [from, to]);
      from = to;
    }
  }

  /** Calls `found` with each string of the set that `text` has at `position`, the shortest first. */
  search(text: string, position: number, found: (match: string) => void): void {
    const range = this.#first.get(text.charCodeAt(position));
    if (range === undefined) return;
    let [low, high] = range;
    for (let depth = 1; ; depth++) {
      // The string that ends here, if there is one, sorts before all that go on.
      if (this.#sorted[low].length === depth) found(this.#sorted[low++]);
      if (low >= high || position + depth >= text.length) return;
      const unit = text.charCodeAt(position + depth);
      low = this.#bound(low, high, depth, unit);
      high = this.#bound(low, high, depth, unit + 1);
      if (low >= high) return;
    }
  }

  /** The longest string of the set that `text` has at `position`, or null. */
  longest(text: string, position: number): string | null {
    let longest: string | null = null;
    this.search(text, position, (match) => {
      longest = match;
    });
    return longest;
  }

  /** First index of [low, high) whose unit at `depth` is at least `unit`. */
  #bound(low: number, high: number, depth: number, unit: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#sorted[middle].charCodeAt(depth) < unit) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
