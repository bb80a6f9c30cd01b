/**
 * BullMQ's queues: one for each pool, and one for webhook deliveries. A pool's queue holds *turns*: leave for a worker to
 * take what is next by lua/scheduler.lua. So BullMQ wakes workers and tells which of them died, and decides no order.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { newTurnId } from './ids.ts';
import { BULL_PREFIX } from './keys.ts';

/** Prefixed, so that no pool is called like the webhook queue; escaped, because BullMQ allows no colon in a name. */
export const turnQueueName = (pool: string) => `turns.${encodeURIComponent(pool)}`;
/** Queue of the version before: its jobs have the ids of ours. */
const olderQueueName = (pool: string) => `pool.${encodeURIComponent(pool)}`;
/** BullMQ's list of the turns that wait: its length says whether others are needed. */
export const turnList = (pool: string) => `${BULL_PREFIX}:${turnQueueName(pool)}:wait`;
export const WEBHOOK_QUEUE = 'webhooks';

/** Deliveries are tried at 0, 2, 6, 14, 30 s, ... and abandoned after about four minutes. */
const WEBHOOK_ATTEMPTS = 8;
const WEBHOOK_BACKOFF_MS = 2_000;

/** Ended jobs that one call drops. */
const CLEANED_AT_ONCE = 1_000;

/** Opens queues on first use, on one shared connection. */
export class Queues {
  readonly #redis: Redis;
  readonly #open = new Map<string, Promise<Queue>>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Has so many workers of the pool look what is next. A turn too many finds nothing, and does no harm. */
  async addTurns(pool: string, count: number): Promise<void> {
    if (count === 0) return;
    const queue = await this.#queue(turnQueueName(pool));
    await Promise.all(Array.from({ length: count }, () => queue.add('turn', {}, { jobId: newTurnId() })));
  }

  /** Whether a worker holds the turn. */
  async isHeld(pool: string, turn: string): Promise<boolean> {
    const queue = await this.#queue(turnQueueName(pool));
    return (await queue.getJobState(turn)) === 'active';
  }

  /** Takes a job out of the queue of the version before. False where a worker of that version holds it. */
  async removeOlder(pool: string, id: string): Promise<boolean> {
    const queue = await this.#queue(olderQueueName(pool));
    return (await queue.remove(id)) === 1;
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
      },
    );
  }

  /** A job that is forgotten has nothing more to tell. */
  async removeWebhook(id: string): Promise<void> {
    const queue = await this.#queue(WEBHOOK_QUEUE);
    await queue.remove(id);
  }

  /** Ids of some jobs whose webhook waits to be tried again. */
  async delayedWebhooks(limit: number): Promise<string[]> {
    const queue = await this.#queue(WEBHOOK_QUEUE);
    const jobs = await queue.getDelayed(0, limit - 1);
    return jobs.flatMap(({ id }) => id ?? []);
  }

  /** Drops what BullMQ keeps of ended jobs: its last events, which nobody reads, and what older versions left. */
  async tidy(pool: string): Promise<void> {
    for (const name of [turnQueueName(pool), WEBHOOK_QUEUE]) {
      const queue = await this.#queue(name);
      await queue.trimEvents(0);
      for (const state of ['completed', 'failed'] as const) await queue.clean(0, CLEANED_AT_ONCE, state);
    }
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
      // Our records and streams say what became of a job: BullMQ's own would outlive them.
      streams: { events: { maxLen: 0 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    queue.on('error', () => {}); // the command that fails says so to its caller
    await queue.waitUntilReady();
    return queue;
  }
}
