/** Requests to one model may run together; those to different models take turns, in the order in which they came. */

interface Turn {
  model: string;
  start: () => void;
}

export class ModelTurns {
  readonly #queue: Turn[] = [];
  #model: string | null = null;
  #running = 0;

  /** Runs `work` when it is the model's turn. */
  async run<T>(model: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#queue.push({ model, start });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#model = null;
      this.#next();
    }
  }

  #next(): void {
    for (;;) {
      const [turn] = this.#queue;
      if (turn === undefined || (this.#model !== null && this.#model !== turn.model)) return;
      this.#queue.shift();
      this.#model = turn.model;
      this.#running += 1;
      turn.start();
    }
  }
}
