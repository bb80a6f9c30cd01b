/** A job store in memory. test/jobs/contract.test.ts holds it to what the one in Redis does. */
import { gzipSync } from 'node:zlib';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { Evaluation } from '../../src/contract/evaluate.ts';
import type { JobEvent } from '../../src/contract/events.ts';
import { type Difference, isFinal, type Job, jobLinks } from '../../src/contract/job.ts';
import { type JobRequest, kindOf, methodOf } from '../../src/contract/job-kinds.ts';
import type { Result } from '../../src/contract/result.ts';
import type { EffortSample } from '../../src/effort.ts';
import {
  IdempotencyConflictError,
  type JobQuery,
  type Jobs,
  QueueFullError,
  type SubmitOptions,
  type WorkerInfo,
} from '../../src/jobs/jobs.ts';
import { cacheKey } from '../../src/jobs/likeness.ts';
import type { EffortKind } from '../../src/jobs/samples.ts';
import type { QueueState } from '../../src/jobs/totals.ts';
import { infoOf } from './result-info.ts';

const WORKER: WorkerInfo = {
  id: 'w1',
  pool: 'default',
  backend: 'wasm',
  loaded_models: ['facts-gpt2'],
  busy: false,
  last_seen: '2026-01-01T00:00:00.000Z',
};

/** A result of one sequence, as a worker stores it. */
export function resultOf(jobId: string): Result {
  const token = (id: number, text: string, start: number) => ({ id, token: text, start, end: start + text.length });
  return {
    job_id: jobId,
    sequences: [
      {
        source: [],
        target: [token(1, 'The', 0), token(2, ' capital', 3), token(3, ' of', 11)],
        attr_pos_start: 2,
        attr_pos_end: 3,
        source_attributions: null,
        target_attributions: [[0.4], [0.6], [null]],
        step_scores: { probability: [0.9] },
        sequence_scores: {},
        convergence_delta: null,
      },
    ],
    info: infoOf({ backend: 'wasm', method: 'input_x_gradient', method_args: {}, seconds: 0.1 }),
  };
}

const EQUAL: Difference = {
  same_text: true,
  scores: { absolute: 0, relative: 0 },
  step_scores: { absolute: 0, relative: 0 },
};

interface Entry {
  job: Job;
  pool: string;
  tenant: string;
  batch: string | undefined;
  request: JobRequest;
  /** Where its result is kept for requests that ask for the same. */
  cache: string | undefined;
  result: Result | null;
  events: JobEvent[];
}

/** The request of a job that the test sent to `POST /attribute`. */
export function attributeRequest(jobs: MemoryJobs, id: string): AttributeRequest {
  const { request } = jobs.entry(id);
  if (request.kind !== undefined && request.kind !== 'attribute') throw new Error(`job ${id} is of ${request.kind}`);
  return request;
}

/** `Jobs` in memory; `finish` and `emit` play the worker. Single methods can be replaced to play a broken store. */
export class MemoryJobs implements Jobs {
  readonly entries = new Map<string, Entry>();
  readonly keys = new Map<string, { id: string; body: string }>();
  /** Results that are kept, by what was asked for. */
  readonly kept = new Set<string>();
  /** Pools that requests were submitted to. */
  readonly pools: string[] = [];
  /** What evaluations measured, for every model. */
  evaluated: Evaluation[] = [];
  /** Signals of event streams that were opened. */
  readonly streams: AbortSignal[] = [];
  readonly #catalogue: Catalogue | null;
  readonly #maxQueue: number;
  readonly #listeners = new Set<() => void>();
  #count = 0;

  constructor(catalogue: Catalogue | null = null, maxQueue = Number.POSITIVE_INFINITY) {
    this.#catalogue = catalogue;
    this.#maxQueue = maxQueue;
  }

  async submit(request: JobRequest, { pool, idempotencyKey, flow, cache, replayOf }: SubmitOptions) {
    const body = JSON.stringify([request, replayOf]);
    const tenant = flow?.tenant ?? '';
    const key = idempotencyKey && JSON.stringify([tenant, idempotencyKey]);
    const known = key === undefined ? undefined : this.keys.get(key);
    if (known !== undefined && this.entries.has(known.id)) {
      if (known.body !== body) throw new IdempotencyConflictError(known.id);
      return { job: this.#view(known.id), created: false };
    }
    const entry = cache && cacheKey(request, tenant, cache.fingerprint);
    const cached = entry !== undefined && cache?.lookup === true && this.kept.has(entry);
    const waiting = this.#waiting(pool).length;
    if (waiting >= this.#maxQueue && !cached) {
      throw new QueueFullError({ waiting, limit: this.#maxQueue, retryAfterSeconds: 5 });
    }
    const id = `job-${++this.#count}`;
    const job: Job = {
      id,
      kind: kindOf(request),
      status: 'queued',
      model: request.model,
      method: methodOf(request),
      created_at: new Date(2026, 0, 1, 0, 0, this.#count).toISOString(),
      started_at: null,
      finished_at: null,
      queue_position: 0,
      progress: { phase: 'queued', completed: 0, total: 0, fraction: 0 },
      error: null,
      failed_texts: 0,
      metadata: request.metadata ?? {},
      info: { cached, ...(replayOf !== undefined && { replay: { of: replayOf, difference: null } }) },
      links: jobLinks(id),
    };
    this.entries.set(id, { job, pool, tenant, batch: flow?.batch, request, cache: entry, result: null, events: [] });
    if (key !== undefined) this.keys.set(key, { id, body });
    this.pools.push(pool);
    if (cached) this.finish(id);
    return { job: this.#view(id), created: true };
  }

  /** Ids of the jobs of a pool that wait, the oldest first. */
  #waiting(pool: string): string[] {
    return [...this.entries]
      .filter(([, { job, ...at }]) => job.status === 'queued' && at.pool === pool)
      .map(([id]) => id);
  }

  /** The job as it is now, with its place in the queue. */
  #view(id: string): Job {
    const { job, pool } = this.entry(id);
    const place = Math.max(0, this.#waiting(pool).indexOf(id));
    return { ...job, queue_position: isFinal(job.status) ? null : place };
  }

  /** The entry of a job that the test knows to exist. */
  entry(id: string): Entry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new Error(`no job ${id}`);
    return entry;
  }

  /** Ends a job as a worker would. */
  finish(id: string, status: 'succeeded' | 'failed' | 'canceled' = 'succeeded'): void {
    const entry = this.entry(id);
    entry.job = {
      ...entry.job,
      status,
      finished_at: '2026-01-01T00:01:00.000Z',
      queue_position: null,
      progress: { phase: 'done', completed: 1, total: 1, fraction: 1 },
    };
    if (status === 'failed') entry.job.error = { code: 'worker_lost', message: 'The worker was lost.', pointer: null };
    if (status === 'succeeded') {
      const { metadata } = entry.request;
      entry.result = { ...resultOf(id), ...(metadata && { metadata }) };
      if (entry.cache !== undefined) this.kept.add(entry.cache);
      const { replay } = entry.job.info;
      if (replay !== undefined) entry.job.info = { ...entry.job.info, replay: { of: replay.of, difference: EQUAL } };
    }
    this.emit(id, { id: `${entry.events.length + 1}-0`, event: 'done', data: entry.job });
  }

  emit(id: string, event: JobEvent): void {
    this.entry(id).events.push(event);
    for (const listener of this.#listeners) listener();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#listeners.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#listeners.add(end);
      signal.addEventListener('abort', end);
    });
  }

  async get(id: string) {
    return this.entries.has(id) ? this.#view(id) : null;
  }

  async owner(id: string) {
    return this.entries.get(id)?.tenant ?? null;
  }

  async list({ tenant, status, model, metadata = {}, limit, cursor }: JobQuery) {
    const listed = [...this.entries.keys()].filter((one) => {
      const entry = this.entry(one);
      return entry.batch === undefined && (tenant === undefined || entry.tenant === tenant);
    });
    const all = listed.map((one) => this.#view(one)).reverse();
    const matching = all.filter(
      (job) =>
        (status === undefined || job.status === status) &&
        (model === undefined || job.model === model) &&
        Object.entries(metadata).every(([name, text]) => job.metadata[name] === text),
    );
    const from = Number(cursor ?? 0) || 0;
    return {
      jobs: matching.slice(from, from + limit),
      next_cursor: from + limit < matching.length ? String(from + limit) : null,
    };
  }

  async request(id: string) {
    return this.entries.get(id)?.request ?? null;
  }

  async result(id: string, format: 'json' | 'inseq') {
    const result = this.entries.get(id)?.result ?? null;
    if (result === null) return null;
    return Buffer.from(
      format === 'json'
        ? JSON.stringify(result)
        : '{"__instance_type__":["inseq.data.attribution","FeatureAttributionOutput"]}',
    );
  }

  async packedResult(id: string, format: 'json' | 'inseq') {
    const bytes = await this.result(id, format);
    return bytes && [gzipSync(bytes)];
  }

  async *events(id: string, { after, signal }: { after?: string; signal: AbortSignal }): AsyncGenerator<JobEvent> {
    this.streams.push(signal);
    const events = this.entries.get(id)?.events ?? [];
    for (let next = after === undefined ? 0 : events.findIndex((event) => event.id === after) + 1; ; next++) {
      while (next >= events.length) {
        if (signal.aborted || !this.entries.has(id)) return;
        if (events.at(-1)?.event === 'done') return; // the client has it
        await this.#change(signal);
      }
      yield events[next];
      if (events[next].event === 'done') return;
    }
  }

  async wait(id: string, seconds: number, signal: AbortSignal = new AbortController().signal) {
    // A timer of its own: those of AbortSignal.timeout do not keep the process alive.
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), seconds * 1000);
    const until = AbortSignal.any([signal, over.signal]);
    while (!until.aborted && this.entries.has(id) && !isFinal(this.entry(id).job.status)) await this.#change(until);
    clearTimeout(timer);
    return this.get(id);
  }

  async cancel(id: string) {
    const job = this.entries.get(id)?.job ?? null;
    if (job !== null && !isFinal(job.status)) this.finish(id, 'canceled');
    return this.get(id);
  }

  async remove(id: string) {
    const cache = this.entries.get(id)?.cache;
    if (cache !== undefined) this.kept.delete(cache);
    const known = this.entries.delete(id);
    for (const listener of this.#listeners) listener();
    return known;
  }

  async catalogue(): Promise<Catalogue | null> {
    return this.#catalogue;
  }

  async workers() {
    return [WORKER];
  }

  async counts() {
    const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
    for (const { job } of this.entries.values()) counts[job.status]++;
    return counts;
  }

  async queues(): Promise<QueueState[]> {
    return [...new Set([WORKER.pool, ...this.pools])].map((pool) => ({
      pool,
      jobs: this.#waiting(pool).length,
      workSeconds: null,
      oldestSeconds: 0,
      runningSeconds: 0,
    }));
  }

  /** What was measured, by method: the test's own. */
  readonly measured = new Map<string, EffortSample[]>();

  async efforts({ method }: EffortKind) {
    return this.measured.get(method) ?? [];
  }

  async loading() {
    return null;
  }

  async usage() {
    return [];
  }

  async evaluations() {
    return this.evaluated;
  }

  async totals() {
    return [];
  }

  async ping() {
    return 1;
  }

  async health() {
    return { milliseconds: await this.ping(), warnings: [] };
  }

  async close() {}
}
