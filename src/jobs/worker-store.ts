/** A worker's side of the job records: taking a job, reporting, ending it once, handing it back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type EvaluateResult, evaluationOf } from '../contract/evaluate.ts';
import type { StepEvent } from '../contract/events.ts';
import type { Difference, JobError, Progress } from '../contract/job.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import { LIMITS } from '../contract/limits.ts';
import type { Usage } from '../contract/usage.ts';
import type { EffortSample } from '../effort.ts';
import type { Origin } from './jobs.ts';
import { keys } from './keys.ts';
import { cacheKey } from './likeness.ts';
import { packHead, unpack } from './packing.ts';
import { turnList } from './queues.ts';
import { type JobRecord, readRecord } from './record.ts';
import { troubleWith } from './redis.ts';
import { type EffortKind, type LoadingKind, noteEffort, noteLoading } from './samples.ts';
import type { Argument } from './script-set.ts';
import { type ScriptedRedis, scripts } from './scripts.ts';

/**
 * Steps that a job's event stream keeps: more than LIMITS.newTokens for every text, where columns are of usual size.
 */
const EVENTS_KEPT = 40_000;
/** Before what a server in trouble has refused is told to it again. */
const REFUSED_PAUSE_MS = 250;

/** What is taken together, at most; a first job that is larger runs alone. */
export interface Company {
  jobs: number;
  texts: number;
  /** In the units of `estimateWork`. */
  work: number;
}

/** A job that a worker has just taken. */
interface TakenJob {
  id: string;
  /** Of the attempt. */
  number: number;
  work: number;
}

interface Taken {
  jobs: TakenJob[];
  /** Turns to be added, for those who wait. */
  turns: number;
}

/** An attempt, and the pool whose job it is. */
interface Held {
  id: string;
  number: number;
  pool: string;
}

/** A job that runs, and the turn in which it does. */
interface Running extends Held {
  turn: string;
}

/** Why a job that ran waits again: lua/requeue.lua. */
export type Cause = 'returned' | 'apart' | 'failed' | 'lost';

type Requeued = { outcome: 'waits'; turns: number } | { outcome: 'over' | 'superseded'; times: number };

/** What came of an attempt that succeeded, packed (packing.ts). */
export interface Results {
  /** Without what names its job. */
  result: Buffer;
  inseq: Buffer;
  failedTexts: number;
  usage: Usage;
  /** Of the model that computed it. */
  fingerprint: string;
  /** From the result of the job that it repeats. */
  difference?: Difference;
}

const NO_RESULTS = {
  result: '',
  inseq: '',
  failedTexts: 0,
  usage: { tokens: 0, passes: 0 },
  fingerprint: '',
  difference: undefined,
} as const;

/** What an attempt took. */
export interface Cost {
  /** Of the device. */
  seconds: number;
  /** Seconds that it was thought to take; null: nothing was known. */
  estimate: number | null;
}

/** One attempt at a job. */
export interface Attempt {
  id: string;
  /** 1 at the first. Reports and results of an attempt that was superseded are refused. */
  number: number;
  request: JobRequest;
  /** Whose it is; '' where nobody is told apart. */
  tenant: string;
  /** From its acceptance until it was taken. */
  queueSeconds: number;
  /** Milliseconds since 1970. */
  takenAt: number;
  /** Seconds that its quote said; null: it said none. */
  estimate: number | null;
  origin: Origin;
  /** The result, packed, of the job that it repeats; null: it repeats none, or that result is gone. */
  original: Buffer | null;
  /** What an earlier attempt has put down; null: nothing. */
  savepoint: Buffer | null;
}

export class WorkerStore {
  readonly #redis: ScriptedRedis;
  readonly #ttlSeconds: number;
  readonly #cacheBytes: number;

  /** @param cacheMb - most megabytes of results that are kept for requests that ask for the same */
  constructor(redis: ScriptedRedis, ttlSeconds: number, cacheMb: number) {
    this.#redis = redis;
    this.#ttlSeconds = ttlSeconds;
    this.#cacheBytes = cacheMb * 2 ** 20;
  }

  /** Whether what is asked now is answered now; what is sent meanwhile waits for the server. */
  get isReachable(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Marks jobs as running: the one whose turn it is in the pool, and what is taken together with it. */
  async take(pool: string, turn: string, workerId: string, company: Company): Promise<Taken> {
    const { jobs, texts, work } = company;
    const args: Argument[] = [pool, turnList(pool), turn, workerId, Date.now(), jobs, texts, work];
    const [turns, ...fields] = (await scripts.run(this.#redis, 'take', args)) as [number, ...(string | number)[]];
    const taken: Taken = { jobs: [], turns };
    for (let i = 0; i < fields.length; i += 3) {
      taken.jobs.push({ id: String(fields[i]), number: Number(fields[i + 1]), work: Number(fields[i + 2]) });
    }
    return taken;
  }

  /** What a taken job asks for; null where it was canceled or removed since. */
  async open({ id, number }: TakenJob): Promise<Attempt | null> {
    const names = [
      'status',
      'attempt',
      'tenant',
      'created_at',
      'started_at',
      'request_id',
      'traceparent',
      'replay_of',
      'estimate',
    ] as const;
    const [fields, packed, savepoint] = await Promise.all([
      this.#redis.hmget(keys.job(id), ...names),
      this.#redis.getBuffer(keys.request(id)),
      number > 1 ? this.#redis.getBuffer(keys.savepoint(id)) : null,
    ]);
    const [status, current, tenant, created, started, requestId, traceparent, replayOf, estimate] = fields;
    if (status !== 'running' || Number(current) !== number || packed === null) return null;
    return {
      id,
      number,
      request: JSON.parse((await unpack(packed)).toString()) as JobRequest,
      tenant: tenant ?? '',
      takenAt: Number(started),
      estimate: estimate === null ? null : Number(estimate),
      queueSeconds: (Number(started) - Number(created)) / 1_000,
      original: replayOf === null ? null : await this.#redis.getBuffer(keys.result(replayOf, 'json')),
      savepoint,
      origin: { ...(requestId !== null && { requestId }), ...(traceparent !== null && { traceparent }) },
    };
  }

  /** False where the attempt no longer counts (canceled, removed, superseded) and should stop. */
  async report(attempt: Attempt, progress: Omit<Progress, 'fraction'> | null, steps: StepEvent[]): Promise<boolean> {
    const { phase, completed, total, seconds_left: left = '' } = progress ?? { phase: '', completed: 0, total: 0 };
    const told = steps.flatMap((step) => [step.position * LIMITS.texts + step.sequence, JSON.stringify(step)]);
    const args: Argument[] = [attempt.id, attempt.number, EVENTS_KEPT, phase, completed, total, left, ...told];
    return (await scripts.run(this.#redis, 'report', args)) === 1;
  }

  /** Puts down what the attempt has computed. Where a server in trouble refuses it, what was put down before stays. */
  async save({ id, number }: Attempt, savepoint: Buffer): Promise<void> {
    await scripts.run(this.#redis, 'save', [id, number, savepoint]);
  }

  /** Whether the attempt still counts. */
  counts(attempt: Attempt): Promise<boolean> {
    return this.report(attempt, null, []);
  }

  /** Stores the packed results. False where the attempt no longer counts: then nothing is stored. */
  succeed(attempt: Attempt, results: Results, cost: Cost): Promise<boolean> {
    return this.#finish(attempt, 'succeeded', '', results, cost);
  }

  /** Keeps what an evaluation measured, for everybody: numbers, and no text. @param result - packed, behind what names its job */
  async noteEvaluation({ model }: JobRequest, result: Buffer): Promise<void> {
    const evaluation = evaluationOf(JSON.parse(`{${await unpack(result)}`) as EvaluateResult, Date.now());
    const key = keys.evaluations(model);
    await this.#redis
      .multi()
      .lpush(key, JSON.stringify(evaluation))
      .ltrim(key, 0, LIMITS.evaluationsKept - 1)
      .exec();
  }

  fail(attempt: Attempt, error: JobError, cost: Cost): Promise<boolean> {
    return this.#finish(attempt, 'failed', JSON.stringify(error), NO_RESULTS, cost);
  }

  /**
   * The running job waits again; `turns` are to be added then. `over`: it has failed or got lost more than `limit` times,
   * and runs until its caller ends it. `superseded`: this attempt is no longer the one that runs.
   */
  async requeue({ id, number, pool }: Held, cause: Cause, limit = 0): Promise<Requeued> {
    const args: Argument[] = [id, turnList(pool), number, cause, limit];
    const [outcome, count] = (await this.#insist('requeue', args)) as [Requeued['outcome'], number];
    return outcome === 'waits' ? { outcome, turns: count } : { outcome, times: count };
  }

  /** How many turns are to be added for jobs that wait. */
  async turnsWanted(pool: string): Promise<number> {
    return Number(await scripts.run(this.#redis, 'turns', [pool, turnList(pool)]));
  }

  /** Fails a job whose worker has died. False where it had ended, or goes on with another attempt than this one. */
  async abandon(id: string, attempt: number, error: JobError): Promise<boolean> {
    const args: Argument[] = [id, attempt, Date.now(), this.#ttlSeconds, JSON.stringify(error)];
    return (await scripts.run(this.#redis, 'abandon', args)) === 1;
  }

  async record(id: string): Promise<JobRecord | null> {
    const [reply] = (await scripts.run(this.#redis, 'read', [id])) as unknown[];
    return readRecord(reply);
  }

  async request(id: string): Promise<JobRequest | null> {
    const packed = await this.#redis.getBuffer(keys.request(id));
    return packed === null ? null : (JSON.parse((await unpack(packed)).toString()) as JobRequest);
  }

  /** The oldest jobs that run, in any pool. */
  async running(limit: number): Promise<Running[]> {
    const indexes = [keys.running, keys.runningLines];
    const ids = await Promise.all(indexes.map((index) => this.#redis.zrange(index, 0, `${limit - 1}`)));
    return this.#held(ids.flat());
  }

  /** The jobs that run in a turn. */
  async runningIn(turn: string): Promise<Running[]> {
    const ids = await this.#redis.smembers(keys.turn(turn));
    return (await this.#held(ids)).filter((job) => job.turn === turn);
  }

  /** Jobs of the version before: those of the pool that wait, and those of any pool that run. */
  async older(pool: string, limit: number): Promise<string[]> {
    const indexes = [keys.olderWaiting(pool), keys.olderRunning];
    const ids = await Promise.all(indexes.map((index) => this.#redis.zrange(index, 0, `${limit - 1}`)));
    return ids.flat();
  }

  /** Takes over a job of the version before; gives how many turns are to be added. */
  async adopt(id: string, pool: string): Promise<number> {
    return Number(await scripts.run(this.#redis, 'adopt', [id, pool, turnList(pool)]));
  }

  /** Forgets jobs whose time to live is over in every index. */
  async sweep(): Promise<void> {
    await scripts.run(this.#redis, 'sweep', [Date.now()]);
  }

  /** Ended jobs whose webhook is not settled. */
  pendingWebhooks(): Promise<string[]> {
    return this.#redis.smembers(keys.webhooks);
  }

  /** Keeps what a turn took. */
  noteEffort(kind: EffortKind, sample: EffortSample): Promise<void> {
    return noteEffort(this.#redis, kind, sample);
  }

  /** Keeps how long a model took to load. */
  noteLoading(kind: LoadingKind, seconds: number): Promise<void> {
    return noteLoading(this.#redis, kind, seconds);
  }

  async settleWebhook(id: string): Promise<void> {
    await this.#redis.srem(keys.webhooks, id);
  }

  /** Those of the jobs that run. */
  async #held(ids: string[]): Promise<Running[]> {
    const found = await Promise.all(ids.map((id) => this.#redis.hmget(keys.job(id), 'pool', 'attempt', 'turn')));
    return found.flatMap(([pool, number, turn], i) =>
      pool === null || turn === null ? [] : [{ id: ids[i], pool, number: Number(number), turn }],
    );
  }

  async #finish(
    attempt: Attempt,
    status: 'succeeded' | 'failed',
    error: string,
    { result, inseq, failedTexts, usage, fingerprint, difference }: Results | typeof NO_RESULTS,
    { seconds, estimate }: Cost,
  ): Promise<boolean> {
    const ended: Argument[] = [attempt.id, attempt.number, status, Date.now(), this.#ttlSeconds, error];
    const cost = [seconds, status === 'succeeded' ? (estimate ?? '') : '', usage.tokens, usage.passes];
    const { id, request, tenant } = attempt;
    const head = result === '' ? '' : packHead(id, request.metadata);
    // A text that failed may succeed the next time.
    const cache = result === '' || failedTexts > 0 ? '' : cacheKey(request, tenant, fingerprint);
    const args = [
      ...ended,
      result,
      inseq,
      failedTexts,
      ...cost,
      head,
      cache,
      this.#cacheBytes,
      difference ? JSON.stringify(difference) : '',
    ];
    return (await this.#insist('finish', args)) === 1;
  }

  /**
   * Runs a script that has to arrive: what became of a job. A server that answers, but takes no writes (it is full, or
   * still loading), is told again until it does; where it is away, the connection waits.
   */
  async #insist(name: 'finish' | 'requeue', args: Argument[]): Promise<unknown> {
    for (;;) {
      try {
        return await scripts.run(this.#redis, name, args);
      } catch (error) {
        if (troubleWith(this.#redis, error)?.answers !== true) throw error;
        await sleep(REFUSED_PAUSE_MS);
      }
    }
  }
}
