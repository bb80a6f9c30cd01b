/** A worker's side of the job records: taking a job, reporting, ending it once, handing it back. */
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { StepEvent } from '../contract/events.ts';
import type { JobError, Progress } from '../contract/job.ts';
import { LIMITS } from '../contract/limits.ts';
import { keys } from './keys.ts';
import { unpack } from './packing.ts';
import { type JobRecord, readRecord } from './record.ts';
import { type Argument, runScript, type ScriptedRedis } from './scripts.ts';

/**
 * Steps that a job's event stream keeps: more than LIMITS.newTokens for every text, where columns are of usual size.
 */
const EVENTS_KEPT = 40_000;

/** One attempt at a job. */
export interface Attempt {
  id: string;
  /** 1 at the first. Reports and results of an attempt that was superseded are refused. */
  number: number;
  request: AttributeRequest;
}

export class WorkerStore {
  readonly #redis: ScriptedRedis;
  readonly #ttlSeconds: number;

  constructor(redis: ScriptedRedis, ttlSeconds: number) {
    this.#redis = redis;
    this.#ttlSeconds = ttlSeconds;
  }

  /** Whether what is asked now is answered now; what is sent meanwhile waits for the server. */
  get isReachable(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Marks the job as running; null where there is nothing to do: removed, canceled, or finished before. */
  async start(id: string, workerId: string): Promise<Attempt | null> {
    const number = await runScript(this.#redis, 'start', [id, workerId, Date.now()]);
    if (typeof number !== 'number' || number === 0) return null;
    const request = await this.request(id);
    return request === null ? null : { id, number, request };
  }

  /** False where the attempt no longer counts (canceled, removed, superseded) and should stop. */
  async report(attempt: Attempt, progress: Omit<Progress, 'fraction'> | null, steps: StepEvent[]): Promise<boolean> {
    const { phase, completed, total } = progress ?? { phase: '', completed: 0, total: 0 };
    const told = steps.flatMap((step) => [step.position * LIMITS.texts + step.sequence, JSON.stringify(step)]);
    const args: Argument[] = [attempt.id, attempt.number, EVENTS_KEPT, phase, completed, total, ...told];
    return (await runScript(this.#redis, 'report', args)) === 1;
  }

  /** Whether the attempt still counts. */
  counts(attempt: Attempt): Promise<boolean> {
    return this.report(attempt, null, []);
  }

  /** Stores the packed results. False where the attempt no longer counts: then nothing is stored. */
  succeed(attempt: Attempt, results: { result: Buffer; inseq: Buffer; failedTexts: number }): Promise<boolean> {
    return this.#finish(attempt, 'succeeded', '', results);
  }

  fail(attempt: Attempt, error: JobError): Promise<boolean> {
    return this.#finish(attempt, 'failed', JSON.stringify(error), { result: '', inseq: '', failedTexts: 0 });
  }

  /** The running job waits again. False where this attempt is no longer the one that runs. */
  async requeue(id: string, attempt: number): Promise<boolean> {
    return (await runScript(this.#redis, 'requeue', [id, attempt])) === 1;
  }

  /** Fails a job whose worker has died. False where it had ended, or goes on with another attempt than this one. */
  async abandon(id: string, attempt: number, error: JobError): Promise<boolean> {
    const args: Argument[] = [id, attempt, Date.now(), this.#ttlSeconds, JSON.stringify(error)];
    return (await runScript(this.#redis, 'abandon', args)) === 1;
  }

  async record(id: string): Promise<JobRecord | null> {
    const [reply] = (await runScript(this.#redis, 'read', [id])) as unknown[];
    return readRecord(reply);
  }

  async request(id: string): Promise<AttributeRequest | null> {
    const packed = await this.#redis.getBuffer(keys.request(id));
    return packed === null ? null : (JSON.parse((await unpack(packed)).toString()) as AttributeRequest);
  }

  /** The oldest jobs that have not ended: those of the pool that wait, and those of any pool that run. */
  async unfinished(pool: string, limit: number): Promise<string[]> {
    const queued = await this.#redis.zrange(keys.waiting(pool), 0, String(limit - 1));
    const running = await this.#redis.zrange(keys.status('running'), 0, String(limit - 1));
    const lines = await this.#redis.zrange(keys.lines('running'), 0, String(limit - 1));
    return [...queued, ...running, ...lines];
  }

  /** Forgets jobs whose time to live is over in every index. */
  async sweep(): Promise<void> {
    await runScript(this.#redis, 'sweep', [Date.now()]);
  }

  /** Ended jobs whose webhook is not settled. */
  pendingWebhooks(): Promise<string[]> {
    return this.#redis.smembers(keys.webhooks);
  }

  async settleWebhook(id: string): Promise<void> {
    await this.#redis.srem(keys.webhooks, id);
  }

  async #finish(
    attempt: Attempt,
    status: 'succeeded' | 'failed',
    error: string,
    { result, inseq, failedTexts }: { result: Buffer | ''; inseq: Buffer | ''; failedTexts: number },
  ): Promise<boolean> {
    const ended: Argument[] = [attempt.id, attempt.number, status, Date.now(), this.#ttlSeconds, error];
    const args = [...ended, result, inseq, failedTexts];
    return (await runScript(this.#redis, 'finish', args)) === 1;
  }
}
