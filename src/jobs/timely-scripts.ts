/**
 * Runs scripts that change something, so that what a client is told about it is true. A command that nobody waits for
 * any more may still lie in a socket and run later: so each script is told until when, by the server's clock, it may
 * act.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { OutcomeUnknownError, StoreUnavailableError } from './jobs.ts';
import { NoAnswerError, type Patience, patiently } from './patience.ts';
import { API_TIMEOUT_MS, settle, troubleWith } from './redis.ts';
import type { Argument } from './script-set.ts';

/** What became of a script so far. */
interface Attempts {
  /** A command is on its way. */
  pending: boolean;
  /** A command was sent whose reply will never be heard: what the script finds now may be its own work. */
  repeated: boolean;
}

export class TimelyScripts<Name extends string> {
  readonly #redis: Redis;
  readonly #send: (name: Name, args: Argument[]) => Promise<unknown>;
  /** The server's clock minus ours, as its last reply told; null where it has not answered since it was silent. */
  #ahead: number | null = null;

  /** @param send - runs one of the scripts on this connection */
  constructor(redis: Redis, send: (name: Name, args: Argument[]) => Promise<unknown>) {
    this.#redis = redis;
    this.#send = send;
    redis.on('close', () => {
      this.#ahead = null; // another server may answer next time
    });
  }

  /**
   * Runs a script until its answer is heard; where a connection breaks, on the next one. The script takes the latest
   * time at which it may act as its first argument, and answers with the server's time and, if it came too late,
   * `late`.
   * @throws StoreUnavailableError where it did nothing and never will
   * @throws OutcomeUnknownError where it may have run
   */
  async run(name: Name, args: Argument[]): Promise<{ reply: unknown[]; repeated: boolean }> {
    const attempts: Attempts = { pending: false, repeated: false };
    try {
      const insist = (patience: Patience) => this.#insist(name, args, patience, attempts);
      const reply = await patiently(API_TIMEOUT_MS, insist);
      return { reply, repeated: attempts.repeated };
    } catch (error) {
      const trouble = troubleWith(this.#redis, error);
      if (trouble === null) throw error;
      if (!trouble.answers) this.#ahead = null; // the next one asks for the time before it sends anything
      const unknown = attempts.pending || attempts.repeated;
      throw new (unknown ? OutcomeUnknownError : StoreUnavailableError)(trouble, { cause: error });
    }
  }

  async #insist(name: Name, args: Argument[], patience: Patience, attempts: Attempts): Promise<unknown[]> {
    for (;;) {
      const now = await this.#serverNow();
      if (patience.isOver()) throw new NoAnswerError(API_TIMEOUT_MS); // nobody listens any more
      const leftMs = patience.leftMs();
      if (leftMs <= 0) {
        await sleep(1); // our event loop was blocked: the next tick tells how long we still wait
        continue;
      }
      attempts.pending = true;
      try {
        const latest = Math.floor(now + leftMs);
        const [at, ...reply] = (await this.#send(name, [latest, ...args])) as [number, ...unknown[]];
        attempts.pending = false;
        this.#ahead = at - performance.now();
        if (reply[0] !== 'late') return reply;
      } catch (error) {
        attempts.pending = false;
        if (troubleWith(this.#redis, error)?.answers !== false) throw error;
        attempts.repeated = true;
        await settle(this.#redis, Math.max(0, patience.leftMs()));
        if (this.#redis.status !== 'ready') throw error;
      }
    }
  }

  /** The server's clock now, in milliseconds, or a little less. */
  async #serverNow(): Promise<number> {
    if (this.#ahead === null || this.#redis.status !== 'ready') {
      const [seconds, microseconds] = await this.#redis.time();
      this.#ahead = seconds * 1_000 + Math.floor(microseconds / 1_000) - performance.now();
    }
    return performance.now() + this.#ahead;
  }
}
