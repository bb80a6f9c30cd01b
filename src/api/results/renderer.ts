/**
 * Renders results (CSV, text, page) without holding up other requests: small ones at once, large ones in threads. There
 * are few threads, with limits of time and memory; each works for one client at a time and is used again after it.
 */

import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { threadUrl } from '../../programs.ts';
import { type RenderOptions, render, TooLargeError } from '../../results/render.ts';
import { ApiProblem, unavailable } from '../problems.ts';
import { type Packed, unpackedBytes, unpackedText } from './packed.ts';
import { RenderStream, RenderTimeoutError, type RenderTimes } from './render-stream.ts';

export interface RendererLimits extends RenderTimes {
  /** JSON up to this size is rendered without a thread, in a few milliseconds. */
  readonly inlineBytes: number;
  /** The same of pages, which take longer. */
  readonly inlinePageBytes: number;
  readonly threads: number;
  /** Renderings that wait for a thread. */
  readonly waiting: number;
}

const LIMITS: RendererLimits = {
  inlineBytes: 64 * 1024,
  inlinePageBytes: 8 * 1024,
  threads: 2,
  waiting: 64,
  workSeconds: 120,
  idleSeconds: 30,
};

/**
 * Heap of a thread: what is stored and what a form may hold need a part of it. A thread that reached the end of its heap
 * could take the process with it, so limits of size come first.
 */
const HEAP_MB = 4_096;

const THREAD = threadUrl(new URL('./render-thread.ts', import.meta.url));

export class Renderer {
  readonly #limits: RendererLimits;
  /** Threads at rest. */
  readonly #idle: Worker[] = [];
  #busy = 0;
  /** Renderings in the order in which they get a thread. */
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  constructor(limits: Partial<RendererLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * The text of a packed result.
   * @throws ApiProblem 503 where too many renderings wait; 413 where the result is beyond the limits of a thread
   */
  async render(packed: Packed, options: RenderOptions): Promise<string | Readable> {
    const { inlineBytes, inlinePageBytes } = this.#limits;
    const isPage = options.format === 'html' || options.format === 'embed';
    if (unpackedBytes(packed) <= (isPage ? Math.min(inlineBytes, inlinePageBytes) : inlineBytes)) {
      return [...render(JSON.parse(await unpackedText(packed)), options)].join(''); // far below any limit
    }
    await this.#turn();
    const thread = this.#idle.pop() ?? new Worker(THREAD, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
    thread.ref();
    const stream = new RenderStream(thread, this.#limits, (reusable) => this.#release(thread, reusable));
    try {
      await stream.start(packed, options);
    } catch (error) {
      stream.destroy();
      throw this.#explain(error);
    }
    return stream;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((thread) => thread.terminate()));
  }

  /** Waits until one of the threads may be used. */
  async #turn(): Promise<void> {
    const { threads, waiting } = this.#limits;
    if (this.#busy < threads) {
      this.#busy++;
      return;
    }
    if (this.#waiting.length >= waiting) {
      const detail = `${waiting} large results wait to be rendered and no more may. Try again, or take \`format=json\`.`;
      throw unavailable('too-many-renderings', detail, 10);
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #release(thread: Worker, reusable: boolean): void {
    if (reusable && !this.#closed) {
      thread.unref();
      this.#idle.push(thread);
    } else {
      thread.on('error', () => {}).terminate();
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy--;
    else next();
  }

  #explain(error: unknown): unknown {
    if (error instanceof TooLargeError) return tooLarge(error.message);
    if (!(error instanceof RenderTimeoutError)) return error;
    const { workSeconds } = this.#limits;
    return tooLarge(
      `The result could not be rendered within ${workSeconds} s: take \`format=json\`, which is sent as it is.`,
    );
  }
}

function tooLarge(detail: string): ApiProblem {
  return new ApiProblem('result-too-large', 'The result is too large for this format', 413, detail);
}
