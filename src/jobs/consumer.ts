/**
 * Takes jobs of one pool, a turn at a time, and webhooks of any pool. A worker that dies loses nothing: BullMQ finds its
 * turn stalled, and what its events do not tell, `reconcile` finds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Catalogue } from '../contract/catalogue.ts';
import type { Tracing } from '../tracing.ts';
import { Attempts, type Compute } from './attempts.ts';
import { type Deliver, runDelivery } from './deliveries.ts';
import { BULL_PREFIX, channels } from './keys.ts';
import { Presence, type Self } from './presence.ts';
import { Queues, turnQueueName, WEBHOOK_QUEUE } from './queues.ts';
import { reconcile, recoverTurn } from './reconcile.ts';
import { connectForWorker, logState } from './redis.ts';
import type { ScriptedRedis } from './scripts.ts';
import { WorkerStore } from './worker-store.ts';

export interface ConsumerConfig {
  redisUrl: string;
  resultTtlSeconds: number;
  /** Most megabytes of results that are kept for requests that ask for the same; 0: none. */
  resultCacheMb: number;
  pool: string;
  /** A job that computes for longer fails. */
  jobTimeoutSeconds: number;
  /** A worker that has not renewed its lock for so long is taken for dead, and its jobs go to others. */
  lockMs: number;
  /** How often a job may be taken from a dead worker before it fails. */
  maxLost: number;
  /** What a job may take that is handed over, until its pass has ended. */
  handOverMs: number;
  heartbeatMs: number;
  reconcileMs: number;
}

/** What a worker does with jobs, and says of itself. */
interface Work {
  self: () => Self;
  compute: Compute;
  deliver: Deliver;
  log: Logger;
  /** Null: no traces. */
  tracing: Tracing | null;
}

/** What jobs that were handed over take until they are back in the queue, their engine killed if need be. */
const DRAIN_MARGIN_MS = 3_000;
/** BullMQ counts how often a turn stalls; what counts are the jobs that were taken in it, and we count them. */
const STALLED_TURNS = 1_000_000;
/** Deliveries under way at once. */
const DELIVERIES = 8;

export class Consumer {
  readonly #config: ConsumerConfig;
  readonly #log: Logger;
  readonly #redis: ScriptedRedis;
  readonly #subscriber: Redis;
  readonly #store: WorkerStore;
  readonly #queues: Queues;
  readonly #attempts: Attempts;
  readonly #presence: Presence;
  readonly #jobs: Worker;
  readonly #webhooks: Worker;
  readonly #closed = new AbortController();
  readonly #unlog: () => void;
  #reconciling: NodeJS.Timeout | null = null;

  constructor(config: ConsumerConfig, work: Work) {
    const { self, compute, deliver, log, tracing } = work;
    this.#config = config;
    this.#log = log;
    this.#redis = connectForWorker(config.redisUrl, this.#closed.signal);
    this.#subscriber = connectForWorker(config.redisUrl, this.#closed.signal);
    this.#unlog = logState(this.#redis, log);
    const store = new WorkerStore(this.#redis, config.resultTtlSeconds, config.resultCacheMb);
    const queues = new Queues(this.#redis);
    this.#store = store;
    this.#queues = queues;
    this.#attempts = new Attempts({
      pool: config.pool,
      store,
      queues,
      log,
      compute,
      tracing,
      workerId: () => self().id,
      timeoutSeconds: config.jobTimeoutSeconds,
      recover: (turn) => recoverTurn(turn, this.#parts(), { reheld: true }),
      onChange: () => this.announce(),
    });
    this.#presence = new Presence(this.#redis, {
      pool: config.pool,
      beatMs: config.heartbeatMs,
      self,
      busy: () => this.#attempts.busy,
      workPerSecond: () => this.#attempts.workPerSecond,
    });
    const common = { connection: this.#redis, prefix: BULL_PREFIX, autorun: false, skipVersionCheck: true };
    this.#jobs = new Worker(turnQueueName(config.pool), (turn) => this.#attempts.run(turn), {
      ...common,
      concurrency: 1, // one device, one turn
      lockDuration: config.lockMs,
      stalledInterval: config.lockMs / 2,
      maxStalledCount: STALLED_TURNS,
      runRetryDelay: 1_000,
      drainDelay: 2,
    });
    this.#webhooks = new Worker(WEBHOOK_QUEUE, (job) => runDelivery(job, { deliver, store, log }), {
      ...common,
      concurrency: DELIVERIES,
    });
    this.#hearWorkers();
  }

  /** Publishes what this worker can do and starts to take jobs. */
  async start(catalogue: Catalogue): Promise<void> {
    const { reconcileMs } = this.#config;
    await this.#presence.start(catalogue, (error) => this.#warn(error));
    this.#subscriber.on('message', (_channel: string, id: string) => this.#attempts.stop(id, 'canceled'));
    await this.#subscriber.subscribe(channels.stop);
    const look = () => this.#note(reconcile(this.#parts()));
    this.#reconciling = setInterval(look, reconcileMs);
    this.#redis.on('ready', look); // what went wrong while it was away need not wait
    look();
    for (const worker of [this.#jobs, this.#webhooks]) this.#note(worker.run());
  }

  /** Publishes what this worker can do from now on. */
  publish(catalogue: Catalogue): void {
    this.#note(this.#presence.publish(catalogue));
    this.announce();
  }

  /** Tells the API now what would otherwise wait for the next heartbeat. */
  announce(): void {
    this.#note(this.#presence.beat());
  }

  /** Takes no more jobs; those that run end within `drainMs`, or are put down and go back to the queue. */
  async close(drainMs: number): Promise<void> {
    const handBack = setTimeout(() => this.#attempts.stopAll('handed back'), drainMs);
    // Redis may be away while we are told to end: then what we hold stalls and another worker takes it.
    const limit = drainMs + DRAIN_MARGIN_MS + (this.#attempts.busy ? this.#config.handOverMs : 0);
    const drained = await this.#within(limit, (worker) => worker.pause());
    clearTimeout(handBack);
    this.#presence.stop();
    if (this.#reconciling !== null) clearInterval(this.#reconciling);
    await this.#within(1_000, (worker) => worker.close(!drained));
    const leaving = Promise.allSettled([this.#presence.signOff(), this.#queues.close()]);
    await Promise.race([leaving, sleep(1_000, null, { ref: false })]);
    this.#unlog();
    this.#closed.abort();
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  /** Does something with both of BullMQ's workers; false where it takes longer than `ms`. */
  #within(ms: number, work: (worker: Worker) => Promise<void>): Promise<boolean> {
    const done = Promise.all([this.#jobs, this.#webhooks].map(work)).then(() => true);
    return Promise.race([done, sleep(ms, false, { ref: false })]);
  }

  #hearWorkers(): void {
    for (const worker of [this.#jobs, this.#webhooks]) {
      worker.on('error', (error) => {
        if (this.#redis.status === 'ready') this.#log.warn({ error: error.message }, 'queue');
      });
    }
    const recover = (turn: string) => this.#note(recoverTurn(turn, this.#parts(), { reheld: false }));
    this.#jobs.on('stalled', recover);
    this.#jobs.on('failed', (turn, error) => {
      this.#log.warn({ error: error.message }, 'a turn failed'); // our own code, or the store refused an end
      if (turn?.id !== undefined) recover(turn.id);
    });
  }

  #parts() {
    const { pool, maxLost } = this.#config;
    return { pool, maxLost, store: this.#store, queues: this.#queues, log: this.#log };
  }

  /** For what runs beside: an error is logged, never thrown. */
  #note(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#warn(error));
  }

  #warn(error: unknown): void {
    this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'job store');
  }
}
