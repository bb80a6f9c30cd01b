/** BullMQ queues: one for each pool, and one for webhook deliveries. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { BULL_PREFIX } from './keys.ts';

/** Prefixed, so that no pool is called like the webhook queue; escaped, because BullMQ allows no colon in a name. */
export const poolQueueName = (pool: string) => `pool.${encodeURIComponent(pool)}`;
export const WEBHOOK_QUEUE = 'webhooks';

/** An engine that fails on a job gets it once more. */
const JOB_ATTEMPTS = 2;
/** Deliveries are tried at 0, 2, 6, 14, 30 s, ... and given up after about four minutes. */
const WEBHOOK_ATTEMPTS = 8;
const WEBHOOK_BACKOFF_MS = 2_000;

/** BullMQ's record of an ended job is for dashboards only: ours lies beside it. */
const KEEP_ENDED = { age: 3_600, count: 1_000 };

/** Opens queues on first use, on one shared connection. */
export class Queues {
  readonly #redis: Redis;
  readonly #open = new Map<string, Promise<Queue>>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Gives a job to the workers of its pool. A job that is queued already stays as it is. */
  async addJob(pool: string, id: string): Promise<void> {
    const queue = await this.#queue(poolQueueName(pool));
    await queue.add('attribute', {}, { jobId: id, attempts: JOB_ATTEMPTS });
  }

  /** Takes a waiting job out. One that a worker holds stays: its worker finds the record canceled or gone. */
  async removeJob(pool: string, id: string): Promise<void> {
    const queue = await this.#queue(poolQueueName(pool));
    await queue.remove(id);
  }

  /** BullMQ's own state of a job: `waiting`, `active`, `completed`, `failed`, ..., or `unknown`. */
  async jobState(pool: string, id: string): Promise<string> {
    const queue = await this.#queue(poolQueueName(pool));
    return queue.getJobState(id);
  }

  /** Schedules the delivery of a job's webhook; scheduling it twice delivers it once. */
  async addWebhook(id: string): Promise<void> {
    const queue = await this.#queue(WEBHOOK_QUEUE);
    await queue.add(
      'deliver',
      {},
      {
        jobId: id,
        attempts: WEBHOOK_ATTEMPTS,
        backoff: { type: 'exponential', delay: WEBHOOK_BACKOFF_MS },
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    await Promise.all(opened.map((queue) => (queue.status === 'fulfilled' ? queue.value.close() : undefined)));
  }

  #queue(name: string): Promise<Queue> {
    const known = this.#open.get(name);
    if (known) return known;
    const opening = this.#openQueue(name);
    this.#open.set(name, opening);
    // A queue that failed to open stays broken, also when Redis is back: the next call makes another.
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  async #openQueue(name: string): Promise<Queue> {
    const queue = new Queue(name, {
      connection: this.#redis,
      prefix: BULL_PREFIX,
      skipWaitingForReady: true,
      skipVersionCheck: true, // ours is server-check.ts; BullMQ's prints plain text beside the log
      streams: { events: { maxLen: 1_000 } },
      defaultJobOptions: { removeOnComplete: KEEP_ENDED, removeOnFail: KEEP_ENDED },
    });
    queue.on('error', () => {}); // the command that fails says so to its caller
    await queue.waitUntilReady();
    return queue;
  }
}
