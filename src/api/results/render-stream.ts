/** One rendering in a thread, as a stream: it reads ahead a few megabytes, then waits until the client has taken some. */

import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type RenderOptions, TooLargeError } from '../../results/render.ts';
import type { Packed } from './packed.ts';
import type { FromThread, ToThread } from './render-thread.ts';

/** Most renderings fit into this, and set their thread free however slow the client is. */
const AHEAD_BYTES = 8 * 1024 * 1024;
/** Pieces on their way from the thread. */
const PIECES_UNDER_WAY = 4;

export interface RenderTimes {
  /** Seconds of work until the next piece. */
  readonly workSeconds: number;
  /** Seconds for which a client may take nothing while the thread waits for it. */
  readonly idleSeconds: number;
}

/** A rendering took longer than it may. */
export class RenderTimeoutError extends Error {}

export class RenderStream extends Readable {
  /** Resolves at the first piece; rejects where there is none. */
  readonly started: Promise<void>;
  readonly #thread: Worker;
  readonly #times: RenderTimes;
  #release: ((reusable: boolean) => void) | null;
  /** Pieces that the thread may make as soon as there is room again. */
  #owed = 0;
  #timer: NodeJS.Timeout | undefined;
  #onStart = (_error?: Error | null): void => {};

  /** @param release - called once, when the thread is no longer needed; a thread that is not at rest is not reusable */
  constructor(thread: Worker, times: RenderTimes, release: (reusable: boolean) => void) {
    super({ highWaterMark: AHEAD_BYTES });
    this.#thread = thread;
    this.#times = times;
    this.#release = release;
    this.started = new Promise((resolve, reject) => {
      this.#onStart = (error) => (error ? reject(error) : resolve());
    });
    this.started.catch(() => {}); // Whoever waits for it hears of it,
    this.on('error', () => {}); // and whoever reads from the stream.
    thread.on('message', this.#onMessage).on('error', this.#onError).on('exit', this.#onExit);
  }

  async start(packed: Packed, options: RenderOptions): Promise<void> {
    this.#waitFor('thread');
    for (const bytes of packed) {
      this.#post({ kind: 'data', bytes });
      await setImmediate(); // a piece is copied: others have their turn before the next
    }
    this.#post({ kind: 'render', options, room: PIECES_UNDER_WAY });
    await this.started;
  }

  override _read(): void {
    if (this.#owed === 0 || this.#release === null) return;
    this.#waitFor('thread');
    for (; this.#owed > 0; this.#owed--) this.#post({ kind: 'room' });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#free(false);
    this.#onStart(error ?? new Error('the client has left'));
    callback(error);
  }

  readonly #onMessage = (message: FromThread): void => {
    if (message.kind === 'failed') {
      this.#free(true);
      this.destroy(message.tooLarge ? new TooLargeError(message.message) : new Error(message.message));
      return;
    }
    if (message.kind === 'end') {
      this.#free(true);
      this.push(null);
    } else if (this.push(message.bytes)) {
      this.#waitFor('thread');
      this.#post({ kind: 'room' });
    } else if (++this.#owed === PIECES_UNDER_WAY) {
      this.#waitFor('client');
    }
    this.#onStart();
  };

  readonly #onError = (error: Error): void => {
    this.destroy(error);
  };

  readonly #onExit = (code: number): void => {
    this.destroy(new Error(`the rendering thread ended with code ${code}`));
  };

  #post(message: ToThread): void {
    if (this.#release !== null) this.#thread.postMessage(message);
  }

  #waitFor(whom: 'thread' | 'client'): void {
    clearTimeout(this.#timer);
    const seconds = whom === 'thread' ? this.#times.workSeconds : this.#times.idleSeconds;
    this.#timer = setTimeout(() => this.destroy(new RenderTimeoutError()), seconds * 1000);
  }

  #free(reusable: boolean): void {
    clearTimeout(this.#timer);
    this.#thread.off('message', this.#onMessage).off('error', this.#onError).off('exit', this.#onExit);
    this.#release?.(reusable);
    this.#release = null;
  }
}
