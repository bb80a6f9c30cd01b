/**
 * Makes jobs of the lines of batches, a few hundred at a time, and keeps what comes of them. Every worker has a feeder;
 * one at a time holds a batch, by a lease in Redis, and another goes on where it dies: nothing is computed twice, because
 * a line's job has an idempotency key, and what is noted in the batch is noted once, by scripts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Catalogue } from '../contract/catalogue.ts';
import type { JobError } from '../contract/job.ts';
import { createJobs, type JobsConfig } from '../jobs/create-jobs.ts';
import { IdempotencyConflictError, type Jobs, QueueFullError, StoreUnavailableError } from '../jobs/jobs.ts';
import { connectForWorker } from '../jobs/redis.ts';
import { estimateWork } from '../jobs/work.ts';
import { LineReader } from './chunks.ts';
import { keys } from './keys.ts';
import { checkLine } from './lines.ts';
import { type BatchRedis, batchScripts } from './scripts.ts';

/** Lines that are jobs at a time: of one batch alone, of all batches together, and of each at least. */
const MOST_JOBS = { alone: 256, together: 512, atLeast: 16 };
/** Lines that are submitted together. */
const SUBMITTED_AT_ONCE = 16;
/** How often batches are looked at. */
const LOOK_MS = 200;
/** A feeder that says nothing for so long has died, and another goes on. */
const LEASE_MS = 5_000;
/** How often it is looked for batches whose time to live is over. */
const EXPIRY_MS = 5_000;
const EXPIRED_AT_ONCE = 16;
/** Lines that one call forgets of a removed batch. */
const PURGED_AT_ONCE = 500;
/** How long a catalogue that was read is good. */
const CATALOGUE_MS = 1_000;
/** After an outage. */
const PAUSE_MS = 1_000;

/** How a batch stands, as settle.lua says it. */
interface Standing {
  status: string;
  total: number;
  next: number;
  tenant: string;
  going: string[];
}

type Noted = ['job', string] | ['error', string];

export class Feeder {
  readonly #owner = randomUUID();
  readonly #ttlSeconds: number;
  readonly #log: Logger;
  readonly #redis: BatchRedis;
  readonly #jobs: Jobs;
  readonly #closed = new AbortController();
  /** What was read of batches that this feeder holds. */
  readonly #read = new Map<string, { lines: LineReader; defaults: Record<string, unknown>; lookup: boolean }>();
  #catalogue: { known: Catalogue; until: number } | null = null;
  #lookForExpired = 0;
  #running: Promise<void> = Promise.resolve();

  private constructor(config: JobsConfig, jobs: Jobs, log: Logger) {
    this.#ttlSeconds = config.resultTtlSeconds;
    this.#jobs = jobs;
    this.#log = log;
    this.#redis = batchScripts.define(connectForWorker(config.redisUrl, this.#closed.signal));
  }

  /** Connects and starts. */
  static async start(config: JobsConfig, log: Logger): Promise<Feeder> {
    const feeder = new Feeder(config, await createJobs(config), log);
    feeder.#redis.on('error', () => {}); // the worker's own connection tells what is wrong with Redis
    feeder.#running = feeder.#run();
    return feeder;
  }

  /** Ends after the step that is under way; another feeder goes on when the leases are over. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.race([this.#running, sleep(PAUSE_MS, null, { ref: false })]); // Redis may be away
    this.#redis.disconnect();
    await this.#jobs.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const pause = await this.#look().then(
        () => LOOK_MS,
        (error: unknown) => {
          this.#warn(error);
          return PAUSE_MS;
        },
      );
      await sleep(pause, null, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const ids = await this.#redis.zrange(keys.active, 0, '-1');
    for (const id of this.#read.keys()) if (!ids.includes(id)) this.#read.delete(id);
    const { alone, together, atLeast } = MOST_JOBS;
    const most = Math.max(atLeast, Math.min(alone, Math.floor(together / Math.max(1, ids.length))));
    for (const id of ids) {
      if (this.#closed.signal.aborted) return;
      // One batch that goes wrong keeps no other from going on.
      await this.#advance(id, most).catch((error: unknown) => {
        if (error instanceof StoreUnavailableError) throw error;
        this.#warn(error, id);
      });
    }
    if (Date.now() >= this.#lookForExpired) await this.#expire();
  }

  /** Keeps what has ended of a batch, and fills up its jobs to `most`. */
  async #advance(id: string, most: number): Promise<void> {
    const standing = await this.#settle(id);
    if (standing === null) return;
    const { status, total, next, going } = standing;
    if (status === 'removed' || status === 'canceled') {
      await Promise.all(going.map((job) => this.#jobs.cancel(job)));
      if (status === 'removed' && going.length === 0) await this.#purge(id);
      return;
    }
    const to = Math.min(total, next + most - going.length);
    for (let line = next; line < to; line += SUBMITTED_AT_ONCE) {
      if (this.#closed.signal.aborted) return;
      if (!(await this.#feed(id, standing.tenant, line, Math.min(to, line + SUBMITTED_AT_ONCE)))) return;
    }
  }

  /** Null where another feeder holds the batch. */
  async #settle(id: string): Promise<Standing | null> {
    const args = [id, this.#owner, LEASE_MS, Date.now(), this.#ttlSeconds];
    const reply = await batchScripts.run(this.#redis, 'settle', args);
    if (!Array.isArray(reply)) return null;
    const [status, total, next, tenant, ended, going] = reply as [string, string, string, string, string[], string[]];
    await Promise.all(ended.map((job) => this.#jobs.remove(job)));
    return { status, total: Number(total), next: Number(next), tenant, going };
  }

  /** Makes jobs of lines. False where it must not go on. */
  async #feed(id: string, tenant: string, from: number, to: number): Promise<boolean> {
    const batch = await this.#batch(id);
    if (batch === null) return false;
    const catalogue = await this.#readCatalogue();
    if (catalogue === null) return false;
    const notes = await Promise.allSettled(
      Array.from({ length: to - from }, async (_, at): Promise<Noted> => {
        const line = from + at;
        const text = await batch.lines.line(line);
        if (text === null) throw new Error(`line ${line} of batch ${id} is gone`);
        const checked = await checkLine(text, { defaults: batch.defaults, catalogue });
        if ('error' in checked) return ['error', JSON.stringify(checked.error satisfies JobError)];
        const flow = { tenant, batch: id };
        const { request, model } = checked;
        const work = estimateWork(request, { model, members: catalogue });
        const { pool, fingerprint } = model;
        const cache = batch.lookup && fingerprint !== undefined ? { fingerprint, lookup: true } : undefined;
        const options = { pool, idempotencyKey: `batch ${id} line ${line}`, flow, work, cache };
        return ['job', await this.#submit(request, options)];
      }),
    );
    // A line that could not be submitted, and those behind it, come next time: their keys find what was made of them.
    const end = notes.findIndex(({ status }) => status === 'rejected');
    const done = (end < 0 ? notes : notes.slice(0, end)).flatMap((note) =>
      note.status === 'fulfilled' ? [note.value] : [],
    );
    if (done.length > 0) {
      const args = [id, this.#owner, LEASE_MS, Date.now(), from, ...done.flat()];
      if ((await batchScripts.run(this.#redis, 'feed', args)) !== 1) {
        const orphans = done.flatMap(([kind, job]) => (kind === 'job' ? [job] : []));
        await Promise.all(orphans.map((job) => this.#jobs.remove(job)));
        return false;
      }
    }
    const failed = notes[end];
    if (failed?.status !== 'rejected') return true;
    if (failed.reason instanceof QueueFullError) return false;
    throw failed.reason;
  }

  async #submit(...[request, options]: Parameters<Jobs['submit']>): Promise<string> {
    try {
      return (await this.#jobs.submit(request, options)).job.id;
    } catch (error) {
      // Submitted before, and completed differently since: a worker has published another catalogue.
      if (error instanceof IdempotencyConflictError) return error.jobId;
      throw error;
    }
  }

  async #batch(id: string) {
    const known = this.#read.get(id);
    if (known !== undefined) return known;
    const [chunks, defaults, lookup] = await this.#redis.hmget(keys.batch(id), 'chunks', 'defaults', 'lookup');
    if (chunks === null || defaults === null) return null;
    const lines = new LineReader(this.#redis, id, chunks);
    const batch = { lines, defaults: JSON.parse(defaults), lookup: lookup === '1' };
    this.#read.set(id, batch);
    return batch;
  }

  async #readCatalogue(): Promise<Catalogue | null> {
    if (this.#catalogue !== null && performance.now() < this.#catalogue.until) return this.#catalogue.known;
    const known = await this.#jobs.catalogue();
    this.#catalogue = known && { known, until: performance.now() + CATALOGUE_MS };
    return known;
  }

  async #purge(id: string): Promise<void> {
    const args = [id, this.#owner, LEASE_MS, PURGED_AT_ONCE];
    while (!this.#closed.signal.aborted && (await batchScripts.run(this.#redis, 'purge', args)) === 1);
  }

  /** Removes batches whose time to live is over. */
  async #expire(): Promise<void> {
    this.#lookForExpired = Date.now() + EXPIRY_MS;
    const expired = await this.#redis.zrangebyscore(keys.expiry, '-inf', Date.now(), 'LIMIT', 0, EXPIRED_AT_ONCE);
    for (const id of expired) await batchScripts.run(this.#redis, 'remove', [Number.MAX_SAFE_INTEGER, id]);
  }

  #warn(error: unknown, batch?: string): void {
    if (this.#closed.signal.aborted) return;
    this.#log.warn({ batch, error: error instanceof Error ? error.message : String(error) }, 'batches');
  }
}
