/** The job store of the API: records and queues in Redis. */
import type { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import type { Evaluation } from '../contract/evaluate.ts';
import { JOB_STATUSES, type Job, type JobStatus } from '../contract/job.ts';
import { type JobRequest, kindOf, methodOf, textsOf } from '../contract/job-kinds.ts';
import type { UsageRow } from '../contract/usage.ts';
import type { EffortSample } from '../effort.ts';
import { followEvents } from './events.ts';
import { isJobId, newJobId } from './ids.ts';
import {
  type CacheUse,
  IdempotencyConflictError,
  type JobQuery,
  type Jobs,
  OutcomeUnknownError,
  QueueFullError,
  type StoreHealth,
  SubmissionUnknownError,
  type SubmitOptions,
} from './jobs.ts';
import { keys } from './keys.ts';
import { cacheKey, idempotencyDigest, likeness, requestHash } from './likeness.ts';
import { Notifications } from './notifications.ts';
import { pack, packHead, unpack } from './packing.ts';
import { readPieces } from './pieces.ts';
import { Places } from './places.ts';
import { Queues, turnList } from './queues.ts';
import { isEnded, type JobRecord, ownerOf, readRecord } from './record.ts';
import { connectForApi, guarded, logState, settle } from './redis.ts';
import { type EffortKind, type LoadingKind, readEfforts, readLoading } from './samples.ts';
import type { Argument } from './script-set.ts';
import { type ScriptedRedis, type ScriptName, scripts } from './scripts.ts';
import { checkServer } from './server-check.ts';
import { TimelyScripts } from './timely-scripts.ts';
import { type QueueState, readQueues, readTotals, type Total } from './totals.ts';
import { readUsage, USAGE_DAYS, type UsageQuery } from './usage.ts';
import { estimateWork } from './work.ts';
import { readCatalogue, readWorkers } from './workers.ts';

/** What the job store reads of the configuration. */
export interface JobsConfig {
  /** `redis://` or `rediss://`, with user and password where the server asks for them. */
  redisUrl: string;
  /** How long an ended job, its request and its result are kept. */
  resultTtlSeconds: number;
  /** Most megabytes of results that are kept for requests that ask for the same; 0: none. */
  resultCacheMb: number;
  /** Most jobs that may wait in one pool. */
  maxQueue: number;
}

/** How long the mark that a health check writes stays. */
const PROBE_TTL_MS = 1_000;

const SILENT = pino({ level: 'silent' });

/** Connects the API to the job store. Resolves also while Redis is away: then the methods reject until it is back. */
export async function createJobs(config: JobsConfig, log: Logger = SILENT): Promise<Jobs> {
  const redis = connectForApi(config.redisUrl);
  const subscriber = connectForApi(config.redisUrl);
  const jobs = new RedisJobs(config, redis, subscriber, log);
  await Promise.all([settle(redis, 1_000), settle(subscriber, 1_000)]);
  return jobs;
}

class RedisJobs implements Jobs {
  readonly #config: JobsConfig;
  readonly #redis: ScriptedRedis;
  readonly #subscriber: Redis;
  readonly #notifications: Notifications;
  readonly #queues: Queues;
  readonly #places: Places;
  readonly #timely: TimelyScripts<'submit' | 'cancel' | 'remove'>;
  readonly #log: Logger;
  readonly #unlog: () => void;

  constructor(config: JobsConfig, redis: ScriptedRedis, subscriber: Redis, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#notifications = new Notifications(subscriber, redis);
    this.#queues = new Queues(redis);
    this.#places = new Places(redis);
    this.#timely = new TimelyScripts(redis, (name, args) => scripts.run(redis, name, args));
    this.#unlog = logState(redis, log);
  }

  async submit(request: JobRequest, options: SubmitOptions) {
    const { pool, idempotencyKey, flow = { tenant: '' }, work = estimateWork(request) } = options;
    const id = newJobId();
    const { maxQueue, resultTtlSeconds } = this.#config;
    const share = Math.max(1, Math.floor(maxQueue * (flow.share ?? 1)));
    const { reply } = await this.#timely
      .run('submit', [
        id,
        pool,
        request.model,
        methodOf(request),
        Date.now(),
        maxQueue,
        idempotencyKey === undefined ? '' : idempotencyDigest(flow.tenant, idempotencyKey),
        requestHash(request, options.replayOf),
        request.webhook === null ? '0' : '1',
        flow.tenant,
        flow.batch ?? '',
        work,
        textsOf(request),
        likeness(request),
        turnList(pool),
        kindOf(request),
        flow.weight ?? '',
        share,
        ...this.#cacheArguments(request, flow.tenant, options.cache),
        packHead(id, request.metadata),
        resultTtlSeconds,
        await pack(JSON.stringify(request)),
        ...furtherFields(request, options),
      ])
      .catch((error: unknown) => {
        if (!(error instanceof OutcomeUnknownError)) throw error;
        throw new SubmissionUnknownError(error.trouble, id, { cause: error.cause });
      });
    const [outcome, detail, due] = reply;
    if (outcome === 'share' || outcome === 'full') {
      const [limit, tenant] = outcome === 'share' ? [share, flow.tenant] : [maxQueue];
      const retryAfterSeconds = await this.#places.secondsUntilFree(pool, tenant);
      throw new QueueFullError({ waiting: Number(detail), limit, tenant, retryAfterSeconds });
    }
    if (outcome === 'conflict') throw new IdempotencyConflictError(String(detail));
    const record = readRecord(detail);
    if (record === null) throw new Error(`submit.lua answered ${outcome} without a job`);
    if (outcome === 'created' && due === '1') await this.#addTurn(pool);
    if (outcome === 'cached' && due === '1') await this.#addWebhook(id);
    return { job: record.job, created: outcome !== 'existing' };
  }

  /** Where its result is kept, and whether one that is there may be given: as submit.lua takes them. */
  #cacheArguments(request: JobRequest, tenant: string, use: CacheUse | undefined): [string, string] {
    if (use === undefined || this.#config.resultCacheMb === 0) return ['', '0'];
    return [cacheKey(request, tenant, use.fingerprint), use.lookup ? '1' : '0'];
  }

  /** Has the webhook of a job delivered. Where that fails, a worker's reconciliation does it. */
  async #addWebhook(id: string): Promise<void> {
    await guarded(this.#redis, () => this.#queues.addWebhook(id)).catch(() => {});
  }

  /** Wakes a worker. Where that fails, a worker's reconciliation does it: the job stays accepted. */
  async #addTurn(pool: string): Promise<void> {
    try {
      await guarded(this.#redis, () => this.#queues.addTurns(pool, 1));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.warn({ pool, error: message }, 'job accepted, but no worker was told yet');
    }
  }

  async get(id: string): Promise<Job | null> {
    return (await this.#record(id))?.job ?? null;
  }

  async owner(id: string): Promise<string | null> {
    if (!isJobId(id)) return null;
    return ownerOf(await guarded(this.#redis, () => this.#redis.hmget(keys.job(id), 'status', 'tenant')));
  }

  async list({ tenant = '', status, model, metadata = {}, limit, cursor = '' }: JobQuery) {
    const after = isJobId(cursor) ? cursor : '';
    const reply = await this.#run('list', [
      Date.now(),
      tenant,
      status ?? '',
      model ?? '',
      after,
      limit,
      ...Object.entries(metadata).flat(),
    ]);
    const [next, ...records] = reply as [string, ...unknown[]];
    const jobs = records.map(readRecord).filter((record) => record !== null);
    return { jobs: jobs.map(({ job }) => job), next_cursor: next === '' ? null : next };
  }

  async request(id: string): Promise<JobRequest | null> {
    const bytes = await this.#read(id, keys.request(id));
    return bytes === null ? null : (JSON.parse(bytes.toString()) as JobRequest);
  }

  result(id: string, format: 'json' | 'inseq'): Promise<Buffer | null> {
    return this.#read(id, keys.result(id, format));
  }

  packedResult(id: string, format: 'json' | 'inseq'): Promise<Buffer[] | null> {
    return this.#pieces(id, keys.result(id, format));
  }

  events(id: string, options: { after?: string; signal: AbortSignal }) {
    const store = { redis: this.#redis, notifications: this.#notifications, get: (job: string) => this.get(job) };
    return followEvents(id, options, store);
  }

  async wait(id: string, seconds: number, signal?: AbortSignal): Promise<Job | null> {
    const deadline = performance.now() + seconds * 1_000;
    let record = await this.#record(id);
    let wake = () => {};
    const unsubscribe =
      record === null || isEnded(record)
        ? () => {}
        : await this.#notifications.subscribe(id, (news) => {
            if (news !== 'event') wake();
          });
    const onAbort = () => wake();
    signal?.addEventListener('abort', onAbort);
    try {
      while (record !== null && !isEnded(record)) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        record = await this.#record(id); // after the promise: news that comes from now on wakes it
        const left = deadline - performance.now();
        if (record === null || isEnded(record) || left <= 0 || signal?.aborted) break;
        const timer = setTimeout(wake, left);
        await changed.finally(() => clearTimeout(timer));
      }
      return record?.job ?? null;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      unsubscribe();
    }
  }

  async cancel(id: string): Promise<Job | null> {
    if (!isJobId(id)) return null;
    const { reply } = await this.#timely.run('cancel', [id, Date.now(), this.#config.resultTtlSeconds]);
    await this.#tellReceiver(id, reply);
    return this.get(id);
  }

  async remove(id: string): Promise<boolean> {
    if (!isJobId(id)) return false;
    const { reply, repeated } = await this.#timely.run('remove', [id]);
    if (repeated && reply.length === 0) throw new OutcomeUnknownError(); // gone, perhaps by the try before
    return this.#tellReceiver(id, reply);
  }

  catalogue() {
    return readCatalogue(this.#redis);
  }

  workers() {
    return readWorkers(this.#redis);
  }

  async counts(): Promise<Record<JobStatus, number>> {
    const counts = (await this.#run('counts', [Date.now(), ...JOB_STATUSES])) as number[];
    const [queued, running, succeeded, failed, canceled] = counts; // in the order of JOB_STATUSES
    return { queued, running, succeeded, failed, canceled };
  }

  async queues(): Promise<QueueState[]> {
    return readQueues(await this.#run('queues', []));
  }

  efforts(kind: EffortKind): Promise<EffortSample[]> {
    return guarded(this.#redis, () => readEfforts(this.#redis, kind));
  }

  loading(kind: LoadingKind): Promise<number | null> {
    return guarded(this.#redis, () => readLoading(this.#redis, kind));
  }

  async usage({ from, to, tenant }: UsageQuery): Promise<UsageRow[]> {
    const days = Array.from({ length: Math.min(USAGE_DAYS + 1, to - from + 1) }, (_, i) => to - i);
    const read = (day: number) => guarded(this.#redis, () => this.#redis.hgetall(keys.usage(day)));
    const found = await Promise.all(days.map(async (day) => readUsage(day, await read(day), tenant)));
    return found.flat();
  }

  async evaluations(model: string): Promise<Evaluation[]> {
    const kept = await guarded(this.#redis, () => this.#redis.lrange(keys.evaluations(model), 0, -1));
    return kept.map((text) => JSON.parse(text) as Evaluation);
  }

  async totals(): Promise<Total[]> {
    return readTotals(await guarded(this.#redis, () => this.#redis.hgetall(keys.totals)));
  }

  async ping(): Promise<number> {
    const start = performance.now();
    await guarded(this.#redis, () => this.#redis.ping());
    return performance.now() - start;
  }

  async health(): Promise<StoreHealth> {
    const start = performance.now();
    // A server that is full, read-only or cannot save answers PING all the same.
    await guarded(this.#redis, () => this.#redis.set(keys.probe, '', 'PX', PROBE_TTL_MS));
    const milliseconds = performance.now() - start;
    return { milliseconds, warnings: await guarded(this.#redis, () => checkServer(this.#redis)) };
  }

  async close(): Promise<void> {
    this.#unlog();
    await this.#queues.close();
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  /**
   * After a record was canceled or removed: its webhook is delivered, or is not any more. `reply` is that of the script.
   * What fails here a worker's reconciliation does.
   */
  async #tellReceiver(id: string, reply: unknown[]): Promise<boolean> {
    const [status, webhookDue] = reply as [JobStatus?, string?];
    if (status === undefined) return false;
    if (webhookDue === undefined) await guarded(this.#redis, () => this.#queues.removeWebhook(id)).catch(() => {});
    else if (webhookDue === '1') await this.#addWebhook(id);
    return true;
  }

  #run(name: ScriptName, args: Argument[]): Promise<unknown> {
    return guarded(this.#redis, () => scripts.run(this.#redis, name, args));
  }

  async #record(id: string): Promise<JobRecord | null> {
    if (!isJobId(id)) return null;
    const [reply] = (await this.#run('read', [id])) as unknown[];
    return readRecord(reply);
  }

  async #read(id: string, key: string): Promise<Buffer | null> {
    const pieces = await this.#pieces(id, key);
    return pieces === null ? null : unpack(Buffer.concat(pieces));
  }

  async #pieces(id: string, key: string): Promise<Buffer[] | null> {
    return isJobId(id) ? readPieces(this.#redis, key) : null;
  }
}

/** Names and values of what not every record has. */
function furtherFields({ metadata, priority }: JobRequest, options: SubmitOptions): string[] {
  const { origin = {}, replayOf, estimate } = options;
  const { requestId, traceparent } = origin;
  const fields = {
    metadata: metadata && JSON.stringify(metadata),
    priority,
    request_id: requestId,
    traceparent,
    replay_of: replayOf,
    estimate,
  };
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
}
