/**
 * Dynamic batching: what several texts ask of the device at the same moment runs in one micro-batch.
 *
 * Each text is attributed by a function of its own, a client, that submits items of work and awaits their results; it
 * never sees another text. As soon as every client waits, the items of one kind that fit together run, and their clients
 * go on. So texts of a job, and jobs of one model, share passes without any method knowing of it, and a lone text waits
 * for nobody.
 */

import { setImmediate } from 'node:timers/promises';

/** A kind of work whose items can run together. */
export interface Kind<Item, Result> {
  /** How many of the waiting items, from the first on, run together: at least 1. */
  fit(items: readonly Item[]): number;
  /**
   * Runs items together.
   * @param look - called between ops; throws when every client of the items was stopped
   * @returns one result an item
   */
  run(items: readonly Item[], look: () => void): Promise<Result[]>;
}

/** Throws its job's reason when the job was stopped; cheap enough to be called between ops. */
export type Look = () => void;

interface Entry {
  kind: Kind<unknown, unknown>;
  item: unknown;
  look: Look;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** One text's access to the device. */
export interface Client {
  /** Runs an item of work, together with what other clients submit. @throws what the work threw, or the job's reason */
  submit<Item, Result>(kind: Kind<Item, Result>, item: Item): Promise<Result>;
  /** Runs several items of one client, which may share passes with each other. @returns results in their order */
  submitAll<Item, Result>(kind: Kind<Item, Result>, items: readonly Item[]): Promise<Result[]>;
  readonly look: Look;
}

export class DynamicBatcher {
  #clients = 0;
  #waiting: Entry[] = [];
  #draining = false;
  readonly #between: (() => Promise<void>)[] = [];

  /** Runs a client. While it runs, others wait for what it submits, so that it should submit or end soon. */
  async join<T>(look: Look, body: (client: Client) => Promise<T>): Promise<T> {
    this.#clients += 1;
    const wait = <Item, Result>(kind: Kind<Item, Result>, item: Item): Promise<Result> =>
      new Promise<Result>((resolve, reject) => {
        const entry = { kind, item, look, resolve, reject };
        this.#waiting.push(entry as Entry);
      });
    const submitAll = async <Item, Result>(kind: Kind<Item, Result>, items: readonly Item[]): Promise<Result[]> => {
      const results = items.map((item) => wait(kind, item));
      this.#consider();
      // All have ended before an error is thrown: the caller may then free what they read.
      const settled = await Promise.allSettled(results);
      return settled.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason;
        return outcome.value;
      });
    };
    const submit = <Item, Result>(kind: Kind<Item, Result>, item: Item): Promise<Result> => {
      const result = wait(kind, item);
      this.#consider();
      return result;
    };
    try {
      return await body({ submit, submitAll, look });
    } finally {
      this.#clients -= 1;
      this.#consider();
    }
  }

  /** Runs something while no batch runs: after the one that does, or at once. */
  between<T>(body: () => Promise<T>): Promise<T> {
    if (!this.#draining) return body();
    return new Promise((resolve, reject) => {
      this.#between.push(() => body().then(resolve, reject));
    });
  }

  #consider(): void {
    if (this.#draining || this.#waiting.length === 0 || this.#waiting.length < this.#clients) return;
    this.#draining = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && this.#waiting.length >= this.#clients) {
      const { kind } = this.#waiting[0];
      const alike = this.#waiting.filter((entry) => entry.kind === kind);
      const batch = alike.slice(0, Math.max(1, kind.fit(alike.map(({ item }) => item))));
      this.#waiting = this.#waiting.filter((entry) => !batch.includes(entry));
      await runBatch(kind, batch);
      // The clients that were served go on, and other events of the process run, before the next batch is made.
      await setImmediate();
      if (this.#between.length === 0) continue;
      for (const body of this.#between.splice(0)) await body();
      await setImmediate(); // a job may be stopped then
    }
    this.#draining = false;
  }
}

/** Runs a batch and settles its entries; where it fails, each by itself, so that a fault is that of one text alone. */
async function runBatch(kind: Kind<unknown, unknown>, batch: readonly Entry[]): Promise<void> {
  const going = batch.filter((entry) => !rejectStopped(entry));
  if (going.length === 0) return;
  try {
    const results = await kind.run(
      going.map(({ item }) => item),
      () => lookAll(going),
    );
    going.forEach(({ resolve }, i) => {
      resolve(results[i]);
    });
  } catch (error) {
    if (going.length === 1) going[0].reject(error);
    else for (const entry of going) await runBatch(kind, [entry]);
  }
}

function rejectStopped({ look, reject }: Entry): boolean {
  try {
    look();
    return false;
  } catch (reason) {
    reject(reason);
    return true;
  }
}

/** Throws when all of the entries' jobs were stopped. */
function lookAll(entries: readonly Entry[]): void {
  let reason: unknown;
  for (const { look } of entries) {
    try {
      look();
      return;
    } catch (thrown) {
      reason = thrown;
    }
  }
  throw reason;
}

/** Lets other events of the process run, and throws when the client's job was stopped. */
export async function yieldToEventLoop(look: Look): Promise<void> {
  await setImmediate();
  look();
}

/** A client that shares nothing: what it submits runs at once. */
export function soloClient(look: Look = () => {}): Client {
  return {
    look,
    submit: async (kind, item) => (await kind.run([item], look))[0],
    submitAll: async (kind, items) => {
      const results = [];
      for (let from = 0; from < items.length; ) {
        const rest = items.slice(from);
        const batch = rest.slice(0, Math.max(1, kind.fit(rest)));
        results.push(...(await kind.run(batch, look)));
        from += batch.length;
      }
      return results;
    },
  };
}
