/**
 * Attempts at jobs: those that are taken together run beside each other, and each is ended once, by itself. An attempt
 * that was canceled, removed or superseded is stopped, and whatever it still produces is refused.
 */
import type { Job as BullJob } from 'bullmq';
import type { Logger } from 'pino';
import type { JobError } from '../contract/job.ts';
import { methodOf } from '../contract/job-kinds.ts';
import { type Measured, sumOfEfforts } from '../effort.ts';
import type { Span, Tracing } from '../tracing.ts';
import { logAttempt } from './attempt-log.ts';
import { Pace } from './pace.ts';
import type { Queues } from './queues.ts';
import { Reporter, type Update } from './reporter.ts';
import { TimeLeft } from './time-left.ts';
import type { Attempt, Cause, Cost, Results, WorkerStore } from './worker-store.ts';

/**
 * What a computation gave. `retry`: another attempt may succeed. `interrupted`: its engine was ended for the sake of
 * another job.
 */
export type Outcome =
  | ({ status: 'succeeded'; measured: Measured } & Results)
  | { status: 'failed'; error: JobError; retry: boolean }
  | { status: 'interrupted' };

/** Why a running computation is told to stop. */
export type StopReason = 'canceled' | 'handed back' | 'timed out';

/** What a computation tells and is told. */
export interface ComputeHooks {
  report: (update: Update) => void;
  /** Puts down what has been computed, for the attempt after this one. */
  save: (savepoint: Buffer) => void;
  /** Aborted with a `StopReason`. */
  signal: AbortSignal;
  traceparent?: string;
}

/** Computes one job; packed results come back. When `signal` aborts, whatever it returns is dropped. */
export type Compute = (attempt: Attempt, hooks: ComputeHooks) => Promise<Outcome>;

export interface AttemptsParts {
  pool: string;
  store: WorkerStore;
  queues: Queues;
  log: Logger;
  compute: Compute;
  tracing: Tracing | null;
  workerId: () => string;
  /** A job that computes for longer fails. */
  timeoutSeconds: number;
  /** Lets the jobs of a turn wait again whose worker died. */
  recover: (turn: string) => Promise<void>;
  /** Called when jobs were taken and when they are over. */
  onChange: () => void;
}

/** How an attempt shares its turn. */
interface Part {
  /** Others run beside it. */
  inCompany: boolean;
  /** Of the turn's work. */
  share: number;
  /** Seconds that its work was thought to take. */
  estimate: number | null;
}

/** How long a worker may go on with a job that was canceled while the news of it got lost. */
const SUPERSEDED_CHECK_MS = 1_000;
/** A model that was there within so long had been loaded. */
const LOADED_SECONDS = 0.01;
/** An engine that fails on a job gets it once more. */
const MOST_FAILURES = 1;

export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #running = new Map<string, AbortController>();
  readonly #pace = new Pace();

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** Of what this worker has computed; null: nothing yet. */
  get workPerSecond(): number | null {
    return this.#pace.workPerSecond;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Tells the attempt at a job, if there is one here, to stop. */
  stop(id: string, reason: StopReason): void {
    this.#running.get(id)?.abort(reason);
  }

  stopAll(reason: StopReason): void {
    for (const id of this.#running.keys()) this.stop(id, reason);
  }

  /** Takes what is next and computes it. @throws where the store refused what became of a job */
  async run(turn: BullJob): Promise<void> {
    const { store, queues, pool, workerId, recover, onChange } = this.#parts;
    const id = turn.id ?? '';
    if (turn.stalledCounter > 0) await recover(id); // whoever held it before us is dead
    const { jobs, turns } = await store.take(pool, id, workerId(), this.#pace.company());
    if (jobs.length === 0) return;
    for (const job of jobs) this.#running.set(job.id, new AbortController()); // from now on it can be canceled
    onChange();
    try {
      const [, attempts] = await Promise.all([queues.addTurns(pool, turns), Promise.all(jobs.map(store.open, store))]);
      const started = performance.now();
      // All in one go, so that the engine meets them together.
      const work = jobs.reduce((sum, job) => sum + job.work, 0);
      const inCompany = jobs.length > 1;
      const pace = this.workPerSecond;
      const ends = await Promise.allSettled(
        attempts.map((attempt, i) => {
          const { work: own } = jobs[i];
          const estimate = attempt?.estimate ?? (pace && own / pace);
          return this.#run(attempt, { inCompany, share: own / work, estimate });
        }),
      );
      const seconds = (performance.now() - started) / 1_000;
      const measured: Measured[] = [];
      for (const end of ends) {
        if (end.status === 'rejected') throw end.reason;
        if (end.value !== null) measured.push(end.value);
      }
      if (measured.length < ends.length) return; // not all were computed to their end
      if (attempts.some((attempt) => attempt?.savepoint != null)) return; // nor from their beginning
      this.#pace.note(work, seconds);
      this.#note(attempts[0], measured, seconds);
    } finally {
      for (const job of jobs) this.#running.delete(job.id);
      onChange();
    }
  }

  /** Keeps what a turn took, for quotes. What fails here is told by the next turn. */
  #note(attempt: Attempt | null, measured: readonly Measured[], seconds: number): void {
    if (attempt === null) return;
    const { store, pool } = this.#parts;
    const { model } = attempt.request;
    const loading = Math.max(...measured.map(({ loadingSeconds }) => loadingSeconds));
    const kind = { pool, model, quantization: measured[0].quantization };
    const efforts = measured.flatMap(({ effort }) => effort ?? []);
    const notes = [store.noteLoading(kind, loading)];
    if (efforts.length > 0) {
      const sample = { ...sumOfEfforts(efforts), seconds: Math.max(0, seconds - loading) };
      notes.push(store.noteEffort({ ...kind, method: methodOf(attempt.request) }, sample));
    }
    void Promise.all(notes).catch(() => {});
  }

  /** What was measured where the job was computed to its end, else null. */
  async #run(attempt: Attempt | null, part: Part): Promise<Measured | null> {
    if (attempt === null) return null;
    const stop = this.#running.get(attempt.id);
    if (stop === undefined) throw new Error('a job was not registered');
    const timer = setTimeout(() => stop.abort('timed out'), this.#parts.timeoutSeconds * 1_000);
    try {
      return await this.#compute(attempt, part, stop.signal);
    } finally {
      clearTimeout(timer);
      this.#running.delete(attempt.id);
    }
  }

  async #compute(
    attempt: Attempt,
    { inCompany, share, estimate }: Part,
    signal: AbortSignal,
  ): Promise<Measured | null> {
    const { store, compute } = this.#parts;
    const { id } = attempt;
    const span = this.#span(attempt);
    const started = performance.now();
    const cancel = () => this.stop(id, 'canceled');
    const reporter = new Reporter((progress, steps) => store.report(attempt, progress, steps), cancel);
    const look = async () => {
      if (store.isReachable && !(await store.counts(attempt))) cancel();
    };
    const watch = setInterval(() => void look().catch(() => {}), SUPERSEDED_CHECK_MS);
    const left = new TimeLeft(estimate);
    const report = (update: Update) => reporter.report(left.told(update));
    let saved = Promise.resolve();
    const save = (savepoint: Buffer) => {
      saved = saved
        .then(() => store.save(attempt, savepoint))
        .catch((error: unknown) => {
          this.#parts.log.warn({ err: error, job: id }, 'what the job has computed could not be put down');
        });
    };
    const traceparent = span?.context.header;
    const outcome = await compute(attempt, { report, save, signal, traceparent }).finally(() => clearInterval(watch));
    const runSeconds = (performance.now() - started) / 1_000;
    // A quote says for itself what the loading of the model takes.
    const isWhole = outcome.status === 'succeeded' && attempt.savepoint === null;
    const wasLoaded = isWhole && outcome.measured.loadingSeconds < LOADED_SECONDS;
    const cost = { seconds: runSeconds * share, estimate: wasLoaded ? estimate : null };
    let became: string;
    if (signal.reason === 'handed back') await Promise.all([saved, reporter.flushed()]);
    if (signal.aborted) became = await this.#stopped(signal.reason, inCompany, attempt, cost);
    else {
      await reporter.flushed(); // `done` is the last event
      became = await this.#end(attempt, outcome, cost);
    }
    span?.set({ 'whence.status': became });
    span?.end(outcome.status === 'failed' && !signal.aborted ? outcome.error.code : undefined);
    logAttempt(this.#parts.log, attempt, { outcome, became, runSeconds, computeSeconds: cost.seconds });
    return !signal.aborted && outcome.status === 'succeeded' ? outcome.measured : null;
  }

  /** The span of an attempt; beside it, one for the time until it was taken. */
  #span({ id, number, request, takenAt, queueSeconds, origin: { traceparent: parent } }: Attempt): Span | undefined {
    const { tracing, pool } = this.#parts;
    const attributes = { 'whence.job': id, 'whence.model': request.model, 'whence.method': methodOf(request) };
    const start = takenAt - queueSeconds * 1_000;
    tracing
      ?.span('queue', { parent, attributes: { 'whence.job': id, 'whence.pool': pool }, start })
      .end(undefined, takenAt);
    return tracing?.span('job', {
      parent,
      kind: 'consumer',
      attributes: { ...attributes, 'whence.attempt': number },
      start: takenAt,
    });
  }

  /** What became of the job, as the log says it. */
  async #end(attempt: Attempt, outcome: Outcome, cost: Cost): Promise<string> {
    switch (outcome.status) {
      case 'succeeded':
        if (!(await this.#parts.store.succeed(attempt, outcome, cost))) return 'superseded';
        if (attempt.request.kind === 'evaluate') await this.#noteEvaluation(attempt, outcome.result);
        await this.#announceEnd(attempt);
        return 'succeeded';
      case 'interrupted':
        return this.#requeue(attempt, 'returned', cost);
      case 'failed': {
        const { error, retry } = outcome;
        return retry ? this.#requeue(attempt, 'failed', cost, error) : this.#fail(attempt, error, cost);
      }
    }
  }

  /** What was measured is kept for others; the job has its result without it. */
  async #noteEvaluation({ id, request }: Attempt, result: Buffer): Promise<void> {
    try {
      await this.#parts.store.noteEvaluation(request, result);
    } catch (error) {
      this.#parts.log.warn({ err: error, job: id }, 'the evaluation is not among those of its model');
    }
  }

  async #stopped(reason: StopReason, inCompany: boolean, attempt: Attempt, cost: Cost): Promise<string> {
    switch (reason) {
      case 'canceled':
        return reason; // the record says so already
      case 'handed back':
        return this.#requeue(attempt, 'returned', cost);
      case 'timed out': {
        if (inCompany) return this.#requeue(attempt, 'apart', cost); // the time was not all its own
        const limit = `${this.#parts.timeoutSeconds} seconds, which is this service's limit for one job`;
        const message = `The job computed for more than ${limit}.`;
        return this.#fail(attempt, { code: 'timeout', message, pointer: null }, cost);
      }
    }
  }

  /** Lets the job wait again; where it has failed too often, it ends with `error`. */
  async #requeue(attempt: Attempt, cause: Cause, cost: Cost, error?: JobError): Promise<string> {
    const { store, queues, pool } = this.#parts;
    const again = await store.requeue({ ...attempt, pool }, cause, MOST_FAILURES);
    if (again.outcome === 'waits') await queues.addTurns(pool, again.turns);
    else if (again.outcome === 'over' && error !== undefined) {
      const message = `${error.message} It was tried ${again.times} times.`;
      return this.#fail(attempt, { ...error, message }, cost);
    }
    return again.outcome === 'waits' ? `waits again (${cause})` : 'superseded';
  }

  async #fail(attempt: Attempt, error: JobError, cost: Cost): Promise<string> {
    if (!(await this.#parts.store.fail(attempt, error, cost))) return 'superseded';
    await this.#announceEnd(attempt);
    return 'failed';
  }

  async #announceEnd(attempt: Attempt): Promise<void> {
    if (attempt.request.webhook !== null) await this.#parts.queues.addWebhook(attempt.id);
  }
}
