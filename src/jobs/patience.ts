/**
 * Time-outs that count only time in which this process could have heard an answer. While the event loop is blocked,
 * replies wait in the socket and ordinary timers run out: a busy process would then call a healthy server unreachable.
 */

const TICK_MS = 50;
/** What one tick counts at most, however late it comes: the rest of that time the loop was blocked. */
const TICK_LIMIT_MS = 2 * TICK_MS;

/** No answer came in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.milliseconds = milliseconds;
  }
}

/** How long somebody still waits. */
export interface Patience {
  /** Milliseconds that will pass at least before it is over; 0 or less where it may be over at any moment. */
  leftMs(): number;
  isOver(): boolean;
}

class Waiter implements Patience {
  readonly #onTimeout: () => void;
  /** Counted from the last tick. */
  #leftMs: number;

  constructor(ms: number, onTimeout: () => void) {
    this.#leftMs = ms + performance.now() - lastTick;
    this.#onTimeout = onTimeout;
  }

  leftMs(): number {
    return lastTick + this.#leftMs - performance.now();
  }

  isOver(): boolean {
    return this.#leftMs <= 0;
  }

  count(ms: number): void {
    if (this.isOver()) return;
    this.#leftMs -= ms;
    // The sockets are read between timers and immediates: what has arrived by now is heard first.
    if (this.isOver()) setImmediate(this.#onTimeout);
  }
}

const waiters = new Set<Waiter>();
let ticker: NodeJS.Timeout | null = null;
let lastTick = 0;

/**
 * What `work` gives, if it comes while the event loop has been free for `ms` milliseconds.
 * @throws NoAnswerError after `ms` milliseconds at the earliest; `work` is not stopped, but can see that it is over
 */
export function patiently<T>(ms: number, work: (patience: Patience) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (ticker === null) {
      lastTick = performance.now();
      ticker = setInterval(tick, TICK_MS);
    }
    const waiter = new Waiter(ms, () => {
      leave(waiter);
      reject(new NoAnswerError(ms));
    });
    waiters.add(waiter);
    work(waiter)
      .then(resolve, reject)
      .finally(() => leave(waiter));
  });
}

function leave(waiter: Waiter): void {
  waiters.delete(waiter);
  if (waiters.size > 0 || ticker === null) return;
  clearInterval(ticker);
  ticker = null;
}

function tick(): void {
  const now = performance.now();
  const elapsed = Math.min(now - lastTick, TICK_LIMIT_MS);
  lastTick = now;
  for (const waiter of waiters) waiter.count(elapsed);
}
