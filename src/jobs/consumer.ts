/**
 * Takes jobs of one pool from BullMQ and hands them, one at a time, to a `compute` function. Keeps these promises:
 * - the record changes before BullMQ's job does, so that what the API shows never waits for BullMQ;
 * - an attempt that was canceled, removed or superseded is stopped, and whatever it still produces is refused;
 * - a worker that dies loses nothing: BullMQ finds the job stalled, and what its events do not tell, `reconcile` finds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job as BullJob, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Catalogue } from '../contract/catalogue.ts';
import type { JobError } from '../contract/job.ts';
import type { WorkerInfo } from './jobs.ts';
import { BULL_PREFIX, channels } from './keys.ts';
import { poolQueueName, Queues, WEBHOOK_QUEUE } from './queues.ts';
import { isOver, lostError, reconcile, reconcileJob } from './reconcile.ts';
import { connectForWorker, logState } from './redis.ts';
import { Reporter, type Update } from './reporter.ts';
import type { ScriptedRedis } from './scripts.ts';
import { type Attempt, WorkerStore } from './worker-store.ts';
import { heartbeat, publishCatalogue, signOff } from './workers.ts';

/** What a computation gave. `retry`: another attempt may succeed. */
export type Outcome =
  | { status: 'succeeded'; result: Buffer; inseq: Buffer }
  | { status: 'failed'; error: JobError; retry: boolean };

/** Why a running computation is told to stop. */
export type StopReason = 'canceled' | 'handed back' | 'timed out';

/** Computes one job; packed result and Inseq result come back. When `signal` aborts, whatever it returns is dropped. */
export type Compute = (
  attempt: Attempt,
  hooks: { report: (update: Update) => void; signal: AbortSignal },
) => Promise<Outcome>;

/** Posts the webhook of an ended job. @throws when it should be tried again */
export type Deliver = (id: string, store: WorkerStore) => Promise<void>;

export interface ConsumerConfig {
  redisUrl: string;
  resultTtlSeconds: number;
  pool: string;
  /** A job that computes for longer fails. */
  jobTimeoutSeconds: number;
  /** A worker that has not renewed its lock for so long is taken for dead, and its job goes to another. */
  lockMs: number;
  /** How often a job may be taken from a dead worker before it fails. */
  maxStalled: number;
  heartbeatMs: number;
  reconcileMs: number;
}

/** What the worker says of itself in its heartbeat. */
export type Self = Pick<WorkerInfo, 'id' | 'backend' | 'loaded_models'>;

/** How long a worker may go on with a job that was canceled while the news of it got lost. */
const SUPERSEDED_CHECK_MS = 1_000;
/** What a handed back job takes until it is back in the queue, its engine killed if need be. */
const DRAIN_MARGIN_MS = 3_000;

export class Consumer {
  readonly #config: ConsumerConfig;
  readonly #self: () => Self;
  readonly #compute: Compute;
  readonly #log: Logger;
  readonly #redis: ScriptedRedis;
  readonly #subscriber: Redis;
  readonly #store: WorkerStore;
  readonly #queues: Queues;
  readonly #jobs: Worker;
  readonly #webhooks: Worker;
  readonly #running = new Map<string, AbortController>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #closed = new AbortController();
  readonly #unlog: () => void;

  constructor(config: ConsumerConfig, work: { self: () => Self; compute: Compute; deliver: Deliver; log: Logger }) {
    this.#config = config;
    this.#self = work.self;
    this.#compute = work.compute;
    this.#log = work.log;
    this.#redis = connectForWorker(config.redisUrl, this.#closed.signal);
    this.#subscriber = connectForWorker(config.redisUrl, this.#closed.signal);
    this.#store = new WorkerStore(this.#redis, config.resultTtlSeconds);
    this.#queues = new Queues(this.#redis);
    const common = { connection: this.#redis, prefix: BULL_PREFIX, autorun: false, skipVersionCheck: true };
    this.#jobs = new Worker(poolQueueName(config.pool), (job, token) => this.#process(job, token), {
      ...common,
      concurrency: 1, // one device, one job
      lockDuration: config.lockMs,
      stalledInterval: config.lockMs / 2,
      maxStalledCount: config.maxStalled,
      runRetryDelay: 1_000,
      drainDelay: 2,
    });
    this.#webhooks = new Worker(WEBHOOK_QUEUE, (job) => this.#deliver(job, work.deliver), {
      ...common,
      concurrency: 8,
    });
    this.#unlog = logState(this.#redis, this.#log);
    for (const worker of [this.#jobs, this.#webhooks]) {
      worker.on('error', (error) => {
        if (this.#redis.status === 'ready') this.#log.warn({ error: error.message }, 'queue');
      });
    }
    this.#jobs.on('stalled', (id) => this.#note(reconcileJob(id, this.#parts())));
    this.#jobs.on('failed', (job, error) => {
      if (job?.id !== undefined) this.#note(this.#giveUp(job.id, error));
    });
  }

  /** Publishes what this worker can do and starts to take jobs. */
  async start(catalogue: Catalogue): Promise<void> {
    const { pool, heartbeatMs, reconcileMs } = this.#config;
    await publishCatalogue(this.#redis, pool, catalogue);
    await this.#beat();
    await this.#watchStops();
    this.#timers.push(setInterval(() => this.announce(), heartbeatMs));
    this.#timers.push(setInterval(() => this.#note(reconcile(pool, reconcileMs, this.#parts())), reconcileMs));
    this.#note(reconcile(pool, reconcileMs, this.#parts()));
    for (const worker of [this.#jobs, this.#webhooks]) this.#note(worker.run());
  }

  /** Tells the API now what would else wait for the next heartbeat. */
  announce(): void {
    this.#note(this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#redis.status !== 'ready') return; // an old heartbeat that waits for Redis would be a lie
    const worker = {
      ...this.#self(),
      pool: this.#config.pool,
      busy: this.#running.size > 0,
      last_seen: new Date().toISOString(),
    };
    await heartbeat(this.#redis, worker, 3 * this.#config.heartbeatMs);
  }

  /** Takes no more jobs; the running one ends within `drainMs` or goes back to the queue. */
  async close(drainMs: number): Promise<void> {
    const handBack = setTimeout(() => this.#stopAll('handed back'), drainMs);
    // Redis may be away while we are told to end: then what we hold stalls and another worker takes it.
    const drained = await this.#within(drainMs + DRAIN_MARGIN_MS, (worker) => worker.pause());
    clearTimeout(handBack);
    for (const timer of this.#timers) clearInterval(timer);
    await this.#within(1_000, (worker) => worker.close(!drained));
    const leaving = Promise.allSettled([signOff(this.#redis, this.#self().id), this.#queues.close()]);
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

  async #process(job: BullJob, token: string | undefined): Promise<void> {
    const id = job.id ?? '';
    const stop = new AbortController();
    this.#running.set(id, stop); // before the record says `running`: from then on it can be canceled
    const timer = setTimeout(
      () => stop.abort('timed out' satisfies StopReason),
      this.#config.jobTimeoutSeconds * 1_000,
    );
    try {
      const attempt = await this.#store.start(id, this.#self().id);
      if (attempt === null) return;
      this.announce();
      await this.#attempt(job, token, attempt, stop);
    } finally {
      clearTimeout(timer);
      this.#running.delete(id);
      this.announce();
    }
  }

  async #attempt(job: BullJob, token: string | undefined, attempt: Attempt, stop: AbortController): Promise<void> {
    const { id } = attempt;
    const cancel = () => stop.abort('canceled' satisfies StopReason);
    const reporter = new Reporter((progress, steps) => this.#store.report(attempt, progress, steps), cancel);
    const watch = setInterval(() => this.#note(this.#check(attempt, cancel)), SUPERSEDED_CHECK_MS);
    const outcome = await this.#compute(attempt, {
      report: (update) => reporter.report(update),
      signal: stop.signal,
    }).finally(() => clearInterval(watch));
    if (stop.signal.aborted) return this.#stopped(stop.signal.reason as StopReason, job, token, attempt);
    await reporter.flushed(); // `done` is the last event
    if (outcome.status === 'succeeded') {
      await this.#store.succeed(attempt, outcome.result, outcome.inseq);
      return this.#announceEnd(attempt);
    }
    const { error, retry } = outcome;
    // What is the request's own fault is its sender's to know.
    this.#log[retry ? 'warn' : 'info']({ job: id, attempt: attempt.number, code: error.code }, error.message);
    if (!retry) return this.#fail(attempt, error);
    const tries = job.attemptsMade + 1;
    if (tries >= (job.opts.attempts ?? 1)) {
      return this.#fail(attempt, { ...error, message: `${error.message} It was tried ${tries} times.` });
    }
    await this.#store.requeue(id, attempt.number);
    throw new Error(error.code); // BullMQ tries again
  }

  async #stopped(reason: StopReason, job: BullJob, token: string | undefined, attempt: Attempt): Promise<never> {
    this.#log.info({ job: attempt.id, reason }, 'job stopped');
    switch (reason) {
      case 'canceled':
        throw new UnrecoverableError(reason); // the record says so already
      case 'handed back':
        await this.#store.requeue(attempt.id, attempt.number);
        await job.moveToWait(token);
        throw new WaitingError();
      case 'timed out': {
        const seconds = this.#config.jobTimeoutSeconds;
        const message = `The job computed for more than ${seconds} seconds, which is this service's limit for one job.`;
        return this.#fail(attempt, { code: 'timeout', message, pointer: null });
      }
    }
  }

  async #fail(attempt: Attempt, error: JobError): Promise<never> {
    await this.#store.fail(attempt, error);
    await this.#announceEnd(attempt);
    throw new UnrecoverableError(error.code);
  }

  async #announceEnd(attempt: Attempt): Promise<void> {
    if (attempt.request.webhook !== null) await this.#queues.addWebhook(attempt.id);
  }

  /** BullMQ failed a job for good without us: it stalled too often, or our own code threw. */
  async #giveUp(id: string, error: Error): Promise<void> {
    const record = await this.#store.record(id);
    if (record === null) return;
    if (!isOver(await this.#queues.jobState(this.#config.pool, id))) return; // it will be tried again
    const ended = await this.#store.abandon(id, record.attempt, lostError(record.attempt));
    if (ended) this.#log.error({ job: id, error: error.message }, 'job lost');
  }

  #parts() {
    return { store: this.#store, queues: this.#queues, log: this.#log };
  }

  /** News of a cancellation can be lost while Redis restarts. */
  async #check(attempt: Attempt, cancel: () => void): Promise<void> {
    if (this.#redis.status === 'ready' && !(await this.#store.counts(attempt))) cancel();
  }

  async #watchStops(): Promise<void> {
    this.#subscriber.on('message', (_channel: string, id: string) => {
      this.#running.get(id)?.abort('canceled' satisfies StopReason);
    });
    await this.#subscriber.subscribe(channels.stop);
  }

  #stopAll(reason: StopReason): void {
    for (const stop of this.#running.values()) stop.abort(reason);
  }

  async #deliver(job: BullJob, deliver: Deliver): Promise<void> {
    const id = job.id ?? '';
    try {
      await deliver(id, this.#store);
    } catch (error) {
      const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      const message = error instanceof Error ? error.message : String(error);
      this.#log.warn({ job: id, error: message }, last ? 'webhook given up' : 'webhook failed');
      if (!last) throw error;
    }
    await this.#store.settleWebhook(id);
  }

  /** For what runs beside: an error is logged, never thrown. */
  #note(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'job store');
    });
  }
}
