/**
 * Counts the tokens of texts in a thread of its own, with limits of time and memory.
 *
 * A checkpoint comes from the internet, and with it regular expressions that can backtrack for ever and chat templates
 * that can loop for ever. A process that serves others must not run them itself: one thread per checkpoint runs them,
 * and is ended when it takes too long. Only texts for that checkpoint wait for it.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { threadUrl } from '../programs.ts';
import type { ChatMessage } from './chat.ts';
import { TokenizerError, TokenizerLimitError } from './errors.ts';
import type { TextQuestion, TextTokens } from './text-sizes.ts';

/** What the thread is asked. */
export type CountRequest =
  | { readonly kind: 'text'; readonly text: string; readonly asTarget: boolean; readonly addSpecialTokens: boolean }
  | { readonly kind: 'conversation'; readonly messages: readonly ChatMessage[]; readonly reply: string };

/** The thread is asked what a text comes to, too. */
export type ThreadRequest = CountRequest | { readonly kind: 'sizes'; readonly question: TextQuestion };

/** What the thread answers; its first message says whether it could read the tokenizer. */
export type CountReply =
  | { readonly kind: 'ready'; readonly readable: boolean; readonly longestToken: number | null }
  | { readonly kind: 'count'; readonly tokens: number | null }
  | { readonly kind: 'sizes'; readonly tokens: TextTokens }
  | { readonly kind: 'refused'; readonly message: string };

export interface CountLimits {
  /** For one text or conversation. */
  readonly seconds: number;
  /** For reading the tokenizer's files. */
  readonly loadSeconds: number;
  /** Heap of the thread, the tokenizer included. */
  readonly memoryMb: number;
}

const LIMITS: CountLimits = { seconds: 10, loadSeconds: 60, memoryMb: 1024 };

/** A thread that nobody has asked for so long ends, and starts again when it is needed. */
const IDLE_MS = 600_000;

const THREAD = new URL('./bounded-thread.ts', import.meta.url);

export class BoundedTokenizer {
  readonly #dir: string;
  readonly #name: string;
  readonly #limits: CountLimits;
  #thread: Worker | null = null;
  #longestToken: number | null = null;
  /** Requests run one after another; this is the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @param dir - checkpoint directory
   * @param name - the model, as error messages name it
   */
  constructor(dir: string, name: string, limits: Partial<CountLimits> = {}) {
    this.#dir = dir;
    this.#name = name;
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * Tokens of a text or conversation; null where the files cannot be read, or the model has no chat template.
   * @throws TokenizerLimitError when a limit is reached; TokenizerError where tokenizer or template refuses the text
   */
  count(request: CountRequest): Promise<number | null> {
    return this.#inTurn(async () => {
      const what = request.kind === 'text' ? `counting the tokens of ${request.text.length} characters` : 'this chat';
      const reply = await this.#run(request, what);
      return reply?.kind === 'count' ? reply.tokens : null;
    });
  }

  /**
   * What a text comes to; null where the files cannot be read.
   * @throws as `count`
   */
  sizes(question: TextQuestion): Promise<TextTokens | null> {
    return this.#inTurn(async () => {
      const reply = await this.#run({ kind: 'sizes', question }, 'counting the tokens of this text');
      return reply?.kind === 'sizes' ? reply.tokens : null;
    });
  }

  /**
   * The most characters of one token; null where that is not known, or there is no such limit.
   * @throws TokenizerLimitError when reading the tokenizer takes too long
   */
  longestToken(): Promise<number | null> {
    return this.#inTurn(async () => ((await this.#started()) === null ? null : this.#longestToken));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#waiting++;
    const turn = this.#last.then(work);
    this.#last = turn
      .catch(() => {})
      .finally(() => {
        if (--this.#waiting === 0) this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
      });
    return turn;
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }

  /** The thread, when it has read the tokenizer; null where it could not. */
  async #started(): Promise<Worker | null> {
    if (this.#thread !== null) return this.#thread;
    const thread = this.#start();
    this.#thread = thread;
    const ready = await this.#reply(thread, this.#limits.loadSeconds, 'reading the tokenizer');
    if (ready.kind !== 'ready' || !ready.readable) {
      await this.close();
      return null;
    }
    this.#longestToken = ready.longestToken;
    return thread;
  }

  /** Null where the tokenizer cannot be read. */
  async #run(request: ThreadRequest, what: string): Promise<CountReply | null> {
    const thread = await this.#started();
    if (thread === null) return null;
    thread.postMessage(request);
    const reply = await this.#reply(thread, this.#limits.seconds, what);
    if (reply.kind === 'refused') throw new TokenizerError(reply.message);
    return reply;
  }

  #start(): Worker {
    return new Worker(threadUrl(THREAD), {
      workerData: this.#dir,
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMb },
    });
  }

  /** The thread's next message. A thread that breaks a limit is ended. */
  async #reply(thread: Worker, seconds: number, what: string): Promise<CountReply> {
    // Only while it is asked something does the thread keep the process alive.
    thread.ref();
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), seconds * 1000);
    const exit = (): void => ended.abort();
    thread.once('exit', exit);
    try {
      const [reply]: CountReply[] = await once(thread, 'message', { signal: ended.signal });
      return reply;
    } catch (error) {
      this.#thread = null;
      await thread.terminate();
      throw this.#explain(error, what, seconds);
    } finally {
      clearTimeout(timer);
      thread.off('exit', exit);
      thread.unref();
    }
  }

  #explain(error: unknown, what: string, seconds: number): Error {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const { memoryMb } = this.#limits;
    const limit = code === 'ABORT_ERR' ? `longer than ${seconds} s` : `more than ${memoryMb} MB of memory`;
    if (code !== 'ABORT_ERR' && code !== 'ERR_WORKER_OUT_OF_MEMORY') {
      return error instanceof Error ? error : new Error(String(error));
    }
    return new TokenizerLimitError(
      `${what} took ${limit}: a pattern or the chat template of "${this.#name}" cannot cope with it; ` +
        'send another text or use another model',
    );
  }
}
