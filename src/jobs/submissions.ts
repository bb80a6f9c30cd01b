/**
 * Sends jobs to the store until it is known whether the store has them. A command that nobody waits for any more may still
 * lie in a socket and run later: so the script is told until when, by the server's clock, it may create the job. A
 * second try, on another connection, has the same id and finds what the first one made.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { StoreUnavailableError, SubmissionUnknownError } from './jobs.ts';
import { NoAnswerError, type Patience, patiently } from './patience.ts';
import { type JobRecord, readRecord } from './record.ts';
import { API_TIMEOUT_MS, settle, troubleWith } from './redis.ts';
import { runScript } from './scripts.ts';

export interface Submission {
  id: string;
  pool: string;
  model: string;
  method: string;
  /** Most jobs that may wait in the pool. */
  queueLimit: number;
  /** Hash of the idempotency key, or ''. */
  idempotency: string;
  /** Tells whether another request with the same idempotency key is the same. */
  bodyHash: string;
  webhook: boolean;
  packed: Buffer;
}

export type SubmissionReply =
  | { outcome: 'created' | 'existing'; record: JobRecord }
  | { outcome: 'conflict'; holder: string }
  | { outcome: 'full'; waiting: number };

/** What became of one submission so far. */
interface Attempts {
  /** A command is on its way. */
  pending: boolean;
  /** A command was sent whose reply will never be heard. */
  lost: boolean;
}

export class Submissions {
  readonly #redis: Redis;
  /** The server's clock minus ours, as its last reply told; null where it has not answered since it was silent. */
  #ahead: number | null = null;

  constructor(redis: Redis) {
    this.#redis = redis;
    redis.on('close', () => {
      this.#ahead = null; // another server may answer next time
    });
  }

  /**
   * @throws StoreUnavailableError where the store has not got the job and never will
   * @throws SubmissionUnknownError where it may have it
   */
  async send(submission: Submission): Promise<SubmissionReply> {
    const attempts: Attempts = { pending: false, lost: false };
    try {
      return await patiently(API_TIMEOUT_MS, (patience) => this.#insist(submission, patience, attempts));
    } catch (error) {
      const trouble = troubleWith(this.#redis, error);
      if (trouble === null) throw error;
      if (!trouble.answers) this.#ahead = null; // the next one asks for the time before it sends a job
      const options = { cause: error };
      if (attempts.pending || attempts.lost) throw new SubmissionUnknownError(trouble, submission.id, options);
      throw new StoreUnavailableError(trouble, options);
    }
  }

  /** Tries until there is an answer; a connection that breaks meanwhile is waited for, one that is not there is not. */
  async #insist(submission: Submission, patience: Patience, attempts: Attempts): Promise<SubmissionReply> {
    while (!patience.isOver()) {
      const now = await this.#serverNow();
      const leftMs = patience.leftMs();
      if (leftMs <= 0) {
        await sleep(1); // our event loop was blocked: the ticks tell how long we still wait
        continue;
      }
      try {
        if (patience.isOver()) break;
        attempts.pending = true;
        const [outcome, at, detail] = await this.#run(submission, now + leftMs);
        attempts.pending = false;
        this.#ahead = at - performance.now();
        if (outcome !== 'late') return read(outcome, detail);
      } catch (error) {
        attempts.pending = false;
        if (troubleWith(this.#redis, error)?.answers !== false) throw error;
        attempts.lost = true;
        await settle(this.#redis, Math.max(0, patience.leftMs()));
        if (this.#redis.status !== 'ready') throw error;
      }
    }
    throw new NoAnswerError(API_TIMEOUT_MS);
  }

  /** The server's clock now, in milliseconds, or a little less. */
  async #serverNow(): Promise<number> {
    if (this.#ahead === null || this.#redis.status !== 'ready') {
      const [seconds, microseconds] = await this.#redis.time();
      this.#ahead = seconds * 1_000 + Math.floor(microseconds / 1_000) - performance.now();
    }
    return performance.now() + this.#ahead;
  }

  /** `latest`: until when, by the server's clock, the job may be created. */
  async #run(submission: Submission, latest: number): Promise<[outcome: string, at: number, detail: unknown]> {
    const { id, pool, model, method, queueLimit, idempotency, bodyHash, webhook, packed } = submission;
    const args = [id, pool, model, method, Date.now(), Math.floor(latest), queueLimit, idempotency, bodyHash];
    const reply = await runScript(this.#redis, 'submit', [...args, webhook ? '1' : '0', packed]);
    return reply as [string, number, unknown];
  }
}

function read(outcome: string, detail: unknown): SubmissionReply {
  switch (outcome) {
    case 'created':
    case 'existing': {
      const record = readRecord(detail);
      if (record !== null) return { outcome, record };
      break;
    }
    case 'conflict':
      return { outcome, holder: String(detail) };
    case 'full':
      return { outcome, waiting: Number(detail) };
  }
  throw new Error(`submit.lua answered ${outcome}`);
}
