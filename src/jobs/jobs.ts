/**
 * The job store as the API sees it. `createJobs` implements it on BullMQ and Redis; the API's tests use one in memory.
 * Every method rejects with StoreUnavailableError, within a second, while the store cannot be reached.
 */
import type { Catalogue } from '../contract/catalogue.ts';
import type { Evaluation } from '../contract/evaluate.ts';
import type { JobEvent } from '../contract/events.ts';
import type { Job, JobList, JobStatus } from '../contract/job.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import type { UsageRow } from '../contract/usage.ts';
import type { EffortSample } from '../effort.ts';
import type { EffortKind, LoadingKind } from './samples.ts';
import type { QueueState, Total } from './totals.ts';
import { type Trouble, UNREACHABLE } from './trouble.ts';
import type { UsageQuery } from './usage.ts';

/** Whose turn a job takes: jobs of one flow wait behind each other. */
export interface Flow {
  /** Whose jobs these are: the name of an API key; '' where nobody is told apart. */
  tenant: string;
  /** The tenant's share of the device, beside those of others; left out: as it was told last, or 1. */
  weight?: number;
  /** The part of the places in the queue that its single jobs may take; left out: all. */
  share?: number;
  /** The batch whose line this is. It waits behind its tenant's single jobs, and no list shows it. */
  batch?: string;
}

/** Where a request came from, for logs and traces. */
export interface Origin {
  /** Of the HTTP request. */
  requestId?: string;
  /** W3C Trace Context: the span that the job belongs to. */
  traceparent?: string;
}

export interface SubmitOptions {
  /** The pool of workers that serves the model. */
  pool: string;
  /** Each tenant has keys of its own. */
  idempotencyKey?: string;
  /** Default: a single job of the tenant ''. */
  flow?: Flow;
  /** What the job is charged for: `estimateWork`, which is the default for a model of usual size. */
  work?: number;
  /** Seconds that its quote says; left out: it says none. */
  estimate?: number;
  origin?: Origin;
  /** The job that it repeats: its result is compared with that one's. */
  replayOf?: string;
  /** Left out: its result is not kept for others, and none is given. */
  cache?: CacheUse;
}

/** How a job uses the results that are kept for requests of its tenant that ask for the same. */
export interface CacheUse {
  /** Of the model, as the catalogue has it. */
  fingerprint: string;
  /** Whether it may be given such a result; else it is computed, and its own result kept. */
  lookup: boolean;
}

export interface JobQuery {
  /** Jobs of this tenant; left out: all. */
  tenant?: string;
  status?: JobStatus;
  model?: string;
  /** Jobs that have all of these texts in their metadata. */
  metadata?: Record<string, string>;
  limit: number;
  cursor?: string;
}

/** A worker that was seen lately. */
export interface WorkerInfo {
  id: string;
  pool: string;
  backend: string;
  /** What computes; left out by workers of before. */
  device?: string;
  loaded_models: string[];
  busy: boolean;
  /** Resident bytes of its engine's process; left out while there is none. */
  engine_memory_bytes?: number;
  /** RFC 3339. */
  last_seen: string;
  /** The same, since when it is not busy, by its own clock as `last_seen`; null: it is. Left out by workers of before. */
  idle_since?: string | null;
  /** Models that it is to load before it counts as ready. */
  preloading?: string[];
}

export interface StoreHealth {
  /** Round trip of a small write. */
  milliseconds: number;
  /** What endangers the jobs although the store works, as sentences for the operator. */
  warnings: string[];
}

export interface Jobs {
  /**
   * Queues a complete request. `created` is false where the idempotency key gave an earlier job back.
   * A request that was refused is never computed later. Where the result of the same request is kept (`cache`), the new
   * job has ended with it.
   * @throws QueueFullError, IdempotencyConflictError
   * @throws SubmissionUnknownError where the store fell silent before it said whether it has the job
   */
  submit(request: JobRequest, options: SubmitOptions): Promise<{ job: Job; created: boolean }>;
  /** Null when unknown or expired. */
  get(id: string): Promise<Job | null>;
  /** Whose it is; '' where nobody was told apart. Null when unknown or expired. */
  owner(id: string): Promise<string | null>;
  /** Lines of batches are left out. */
  list(query: JobQuery): Promise<JobList>;
  /** The request of a job, or null when unknown or expired. */
  request(id: string): Promise<JobRequest | null>;
  /** The stored result as JSON bytes, or null when there is none (yet). */
  result(id: string, format: 'json' | 'inseq'): Promise<Buffer | null>;
  /**
   * The same as it is stored: gzipped, in pieces, as results can be larger than what is well copied or unpacked at
   * once.
   */
  packedResult(id: string, format: 'json' | 'inseq'): Promise<Buffer[] | null>;
  /**
   * Replays what came after the event id `after` (all, without it), follows, and ends after `done` or when `signal`
   * aborts.
   */
  events(id: string, options: { after?: string; signal: AbortSignal }): AsyncIterable<JobEvent>;
  /** The job when it ends, or as it is after so many seconds; null when unknown. */
  wait(id: string, seconds: number, signal?: AbortSignal): Promise<Job | null>;
  /**
   * Asks for cancellation and gives the job; a finished job is left as it is. Null when unknown.
   * @throws OutcomeUnknownError
   */
  cancel(id: string): Promise<Job | null>;
  /**
   * Cancels if needed and forgets the job, its request and its result. False when unknown.
   * @throws OutcomeUnknownError
   */
  remove(id: string): Promise<boolean>;
  /** What the workers published last; null: no worker has ever registered. */
  catalogue(): Promise<Catalogue | null>;
  workers(): Promise<WorkerInfo[]>;
  /** All jobs by status, lines of batches too. */
  counts(): Promise<Record<JobStatus, number>>;
  /** What waits in each pool that ever had a worker. */
  queues(): Promise<QueueState[]>;
  /** What the last turns took that computed such jobs, the newest first. */
  efforts(kind: EffortKind): Promise<EffortSample[]>;
  /** Seconds that a model took to load last; null: it never was. */
  loading(kind: LoadingKind): Promise<number | null>;
  /** What was used on some days, at most USAGE_DAYS ago. */
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /** What the last evaluations of a model measured, the newest first. */
  evaluations(model: string): Promise<Evaluation[]>;
  /** What was counted since the store was new. */
  totals(): Promise<Total[]>;
  /** Round trip to the store, milliseconds. */
  ping(): Promise<number>;
  /** Whether jobs can be accepted. @throws StoreUnavailableError also where the store answers but takes no writes */
  health(): Promise<StoreHealth>;
  close(): Promise<void>;
}

/** The queue holds as many jobs as it may. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  /** Jobs waiting. */
  readonly waiting: number;
  /** Most jobs that may wait. */
  readonly limit: number;
  /** When a place should be free, in whole seconds. */
  readonly retryAfterSeconds: number;

  /** @param full - its `tenant`: whose share is used up; left out: the whole queue is */
  constructor(full: { waiting: number; limit: number; retryAfterSeconds: number; tenant?: string }) {
    const { waiting, limit, tenant } = full;
    super(
      tenant === undefined
        ? `the queue is full: ${waiting} jobs wait and at most ${limit} may`
        : `the share of the key "${tenant}" in the queue is used up: ${waiting} of its jobs wait and at most ${limit} may`,
    );
    this.waiting = waiting;
    this.limit = limit;
    this.retryAfterSeconds = full.retryAfterSeconds;
  }
}

/** The idempotency key was used before with another request. */
export class IdempotencyConflictError extends Error {
  override readonly name = 'IdempotencyConflictError';
  readonly jobId: string;

  constructor(jobId: string) {
    super(`the idempotency key belongs to another request, of job ${jobId}`);
    this.jobId = jobId;
  }
}

/** Redis cannot be reached or is in trouble: no job was accepted, and what was asked for can safely be asked again. */
export class StoreUnavailableError extends Error {
  override readonly name: string = 'StoreUnavailableError';
  readonly trouble: Trouble;

  constructor(trouble: Trouble = UNREACHABLE, options?: ErrorOptions) {
    super(`Redis, which holds the jobs, ${trouble.reason}`, options);
    this.trouble = trouble;
  }
}

/** Redis fell silent, or the connection broke, before it said what it did: it may have done what was asked. */
export class OutcomeUnknownError extends StoreUnavailableError {
  override readonly name: string = 'OutcomeUnknownError';
}

/** The same for a job that was submitted: it may have been accepted. */
export class SubmissionUnknownError extends OutcomeUnknownError {
  override readonly name = 'SubmissionUnknownError';
  /** The job's id, if it was accepted and no other one has its idempotency key. */
  readonly jobId: string;

  constructor(trouble: Trouble, jobId: string, options?: ErrorOptions) {
    super(trouble, options);
    this.jobId = jobId;
  }
}
