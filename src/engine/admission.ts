/** How many texts are worked on at the same time: as many as what they keep fits into memory. */

/** Enough rows for every matmul, few enough to keep an eye on. */
const MOST_TEXTS = 64;

interface Waiting {
  bytes: number;
  start: () => void;
}

export class Admission {
  readonly #budget: () => number;
  readonly #waiting: Waiting[] = [];
  #texts = 0;
  #bytes = 0;

  /** @param budget - bytes that all texts together may keep now */
  constructor(budget: () => number) {
    this.#budget = budget;
  }

  /**
   * Runs `body` for every item, neighbors in size together, and each as soon as there is room for it. Every item runs to
   * its end, whatever becomes of the others.
   * @param bytesOf - what an item keeps while it runs
   * @returns outcomes in the order of the items
   */
  async settled<Item, Result>(
    items: readonly Item[],
    bytesOf: (item: Item) => number,
    body: (item: Item) => Promise<Result>,
  ): Promise<PromiseSettledResult<Result>[]> {
    const bytes = items.map(bytesOf);
    const order = Array.from(items.keys()).sort((a, b) => bytes[a] - bytes[b] || a - b);
    const running = new Map<number, Promise<Result>>();
    for (const index of order)
      running.set(
        index,
        this.#run(bytes[index], () => body(items[index])),
      );
    return Promise.allSettled(items.map((_, index) => running.get(index) as Promise<Result>));
  }

  async #run<Result>(bytes: number, body: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((start) => {
      this.#waiting.push({ bytes, start });
      this.#admit();
    });
    try {
      return await body();
    } finally {
      this.#texts -= 1;
      this.#bytes -= bytes;
      this.#admit();
    }
  }

  /** Starts what there is room for, in order; a text that is larger than the budget runs alone. */
  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const fits = this.#texts < MOST_TEXTS && this.#bytes + next.bytes <= this.#budget();
      if (this.#texts > 0 && !fits) return;
      this.#waiting.shift();
      this.#texts += 1;
      this.#bytes += next.bytes;
      next.start();
    }
  }
}
