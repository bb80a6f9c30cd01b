/**
 * What a method's passes will come to: as soon as their speed is known, a request that would outlast its job is refused
 * with the numbers, rather than when the job's time is up.
 */

import { AttributionError } from '../../errors.ts';
import type { MethodTask } from '../../method.ts';

/** Seconds of work from which its speed tells what the rest will take. */
const ENOUGH_SECONDS = 5;

export class Quote {
  readonly #started = performance.now();
  readonly #task: Pick<MethodTask, 'onProgress' | 'secondsAllowed'>;
  readonly #passes: number;
  readonly #rows: number;

  /**
   * @param passes - copies of the text that are run
   * @param rows - positions of all of them
   */
  constructor(task: Pick<MethodTask, 'onProgress' | 'secondsAllowed'>, passes: number, rows: number) {
    this.#task = task;
    this.#passes = passes;
    this.#rows = rows;
  }

  /** Reports the rows that are done. @throws {AttributionError} where the rest will take longer than is allowed */
  async progress(done: number): Promise<void> {
    const seconds = (performance.now() - this.#started) / 1000;
    const needed = (seconds * this.#rows) / Math.max(1, done);
    const { secondsAllowed } = this.#task;
    if (seconds >= ENOUGH_SECONDS && needed > secondsAllowed) {
      throw new AttributionError(
        'too_large',
        `${this.#passes} passes over ${this.#rows} positions in all need about ${Math.ceil(needed)} seconds, and a job ` +
          `may take ${secondsAllowed}: ask for larger units (method_args.units: "sentences", or "windows" with a ` +
          'window_size), attribute fewer tokens by attr_pos_end, or shorten the text',
        '#/method_args/units',
      );
    }
    await this.#task.onProgress(done, this.#rows);
  }
}
