/** Batches of the API: their lines, records and results in Redis. */
import type { Redis } from 'ioredis';
import { isJobId } from '../jobs/ids.ts';
import { type Jobs, OutcomeUnknownError } from '../jobs/jobs.ts';
import { idempotencyDigest } from '../jobs/likeness.ts';
import { Notifications } from '../jobs/notifications.ts';
import { ownerOf } from '../jobs/record.ts';
import { connectForApi, guarded, settle } from '../jobs/redis.ts';
import { TimelyScripts } from '../jobs/timely-scripts.ts';
import type { Batches, LineOutcome, OutcomeOptions, Upload } from './batches.ts';
import { readChanges } from './changes.ts';
import { keys } from './keys.ts';
import { readOutcomes } from './outcomes.ts';
import { readBatch } from './record.ts';
import { type BatchRedis, batchScripts } from './scripts.ts';
import { ChunkedUpload } from './upload.ts';

export interface BatchesConfig {
  redisUrl: string;
  /** How long an ended batch and its results are kept. */
  resultTtlSeconds: number;
}

/**
 * Connects the API to its batches. Resolves also while Redis is away.
 * @param jobs - cancels at once what runs of a batch; a feeder does it later where that fails
 */
export async function createBatches(config: BatchesConfig, jobs: Pick<Jobs, 'cancel'>): Promise<Batches> {
  const redis = batchScripts.define(connectForApi(config.redisUrl));
  const subscriber = connectForApi(config.redisUrl);
  const batches = new RedisBatches(config, redis, subscriber, jobs);
  await Promise.all([settle(redis, 1_000), settle(subscriber, 1_000)]);
  return batches;
}

class RedisBatches implements Batches {
  readonly #config: BatchesConfig;
  readonly #redis: BatchRedis;
  readonly #subscriber: Redis;
  readonly #notifications: Notifications;
  readonly #timely: TimelyScripts<'create' | 'cancel' | 'remove'>;
  readonly #jobs: Pick<Jobs, 'cancel'>;

  constructor(config: BatchesConfig, redis: BatchRedis, subscriber: Redis, jobs: Pick<Jobs, 'cancel'>) {
    this.#config = config;
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#notifications = new Notifications(subscriber, redis);
    this.#timely = new TimelyScripts(redis, (name, args) => batchScripts.run(redis, name, args));
    this.#jobs = jobs;
  }

  async upload({ tenant, weight, idempotencyKey, lookup }: Parameters<Batches['upload']>[0]): Promise<Upload> {
    const idempotency = idempotencyKey === undefined ? '' : idempotencyDigest(tenant, idempotencyKey);
    const held =
      idempotency === '' ? null : await guarded(this.#redis, () => this.#redis.get(keys.idempotency(idempotency)));
    const [id, hash] = held?.split(' ') ?? [];
    const holder = id !== undefined && hash !== undefined && (await this.get(id)) !== null ? { id, hash } : null;
    return new ChunkedUpload({ redis: this.#redis, timely: this.#timely, tenant, weight, lookup, idempotency, holder });
  }

  async get(id: string) {
    if (!isJobId(id)) return null;
    return readBatch(await guarded(this.#redis, () => batchScripts.run(this.#redis, 'read', [id])));
  }

  async owner(id: string) {
    if (!isJobId(id)) return null;
    return ownerOf(await guarded(this.#redis, () => this.#redis.hmget(keys.batch(id), 'status', 'tenant')));
  }

  async list({ tenant = '', limit, cursor = '' }: { tenant?: string; limit: number; cursor?: string }) {
    const after = isJobId(cursor) ? cursor : '';
    const reply = await guarded(this.#redis, () => batchScripts.run(this.#redis, 'list', [tenant, after, limit]));
    const [next, ...records] = reply as [string, ...unknown[]];
    const batches = records.map((record) => readBatch(record)).filter((batch) => batch !== null);
    return { batches, next_cursor: next === '' ? null : next };
  }

  async cancel(id: string) {
    if (!isJobId(id)) return null;
    const { reply } = await this.#timely.run('cancel', [id, Date.now(), this.#config.resultTtlSeconds]);
    await this.#cancelJobs(reply);
    return this.get(id);
  }

  async remove(id: string) {
    if (!isJobId(id)) return false;
    const { reply, repeated } = await this.#timely.run('remove', [id]);
    if (repeated && reply.length === 0) throw new OutcomeUnknownError(); // gone, perhaps by the try before
    await this.#cancelJobs(reply);
    return reply.length > 0;
  }

  changes(id: string, signal: AbortSignal) {
    return readChanges(id, { get: () => this.get(id), notifications: this.#notifications, signal });
  }

  outcomes(id: string, options: OutcomeOptions): AsyncIterable<LineOutcome> {
    return readOutcomes(id, options, { redis: this.#redis, notifications: this.#notifications });
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  /** @param reply - of the script: the status before, and ids of jobs */
  async #cancelJobs([, ...jobs]: unknown[]): Promise<void> {
    await Promise.allSettled(jobs.map((job) => this.#jobs.cancel(String(job))));
  }
}
