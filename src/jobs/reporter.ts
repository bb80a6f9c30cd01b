/** Sends a running job's progress and steps to the store, in order, many at a time, without holding up the engine. */
import type { StepEvent } from '../contract/events.ts';
import type { Progress } from '../contract/job.ts';

export type Update = { progress: Omit<Progress, 'fraction'> } | { step: StepEvent };

/** Writes to the store; false where the job no longer counts. */
type Send = (progress: Omit<Progress, 'fraction'> | null, steps: StepEvent[]) => Promise<boolean>;

/** Steps that one write carries. */
const BATCH = 50;

export class Reporter {
  readonly #send: Send;
  readonly #onSuperseded: () => void;
  #progress: Omit<Progress, 'fraction'> | null = null;
  #steps: StepEvent[] = [];
  #draining = false;
  #drained: Promise<void> = Promise.resolve();

  /** @param onSuperseded called when the job no longer counts */
  constructor(send: Send, onSuperseded: () => void) {
    this.#send = send;
    this.#onSuperseded = onSuperseded;
  }

  /** Queues an update. While a write is under way (or Redis is away) progress is overwritten and steps pile up. */
  report(update: Update): void {
    if ('step' in update) this.#steps.push(update.step);
    else this.#progress = update.progress;
    if (!this.#draining) this.#drained = this.#drain();
  }

  /** Resolves when everything that was reported has been written. */
  flushed(): Promise<void> {
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#progress !== null || this.#steps.length > 0) {
      const progress = this.#progress;
      const steps = this.#steps.splice(0, BATCH);
      this.#progress = null;
      // What a server in trouble refuses is lost: the result, not its progress, is what has to arrive.
      if (await this.#send(progress, steps).catch(() => true)) continue;
      this.#steps = [];
      this.#onSuperseded();
      break;
    }
    this.#draining = false;
  }
}
