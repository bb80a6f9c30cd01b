/**
 * Attempts at jobs: each is started in the store, computed, and ended once. The record changes before BullMQ's job
 * does, so that what the API shows never waits for BullMQ; an attempt that was canceled, removed or superseded is
 * stopped, and whatever it still produces is refused.
 */
import { type Job as BullJob, UnrecoverableError, WaitingError } from 'bullmq';
import type { Logger } from 'pino';
import type { JobError } from '../contract/job.ts';
import type { Queues } from './queues.ts';
import { Reporter, type Update } from './reporter.ts';
import type { Attempt, WorkerStore } from './worker-store.ts';

/** What a computation gave. `retry`: another attempt may succeed. */
export type Outcome =
  | { status: 'succeeded'; result: Buffer; inseq: Buffer; failedTexts: number }
  | { status: 'failed'; error: JobError; retry: boolean };

/** Why a running computation is told to stop. */
export type StopReason = 'canceled' | 'handed back' | 'timed out';

/** Computes one job; packed result and Inseq result come back. When `signal` aborts, whatever it returns is dropped. */
export type Compute = (
  attempt: Attempt,
  hooks: { report: (update: Update) => void; signal: AbortSignal },
) => Promise<Outcome>;

export interface AttemptsParts {
  store: WorkerStore;
  queues: Queues;
  log: Logger;
  compute: Compute;
  workerId: () => string;
  /** A job that computes for longer fails. */
  timeoutSeconds: number;
  /** Called when a job was taken and when it is over. */
  onChange: () => void;
}

/** How long a worker may go on with a job that was canceled while the news of it got lost. */
const SUPERSEDED_CHECK_MS = 1_000;

export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #running = new Map<string, AbortController>();

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
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

  /** Processes one of BullMQ's jobs. @throws what tells BullMQ to retry it, to fail it, or that it waits again */
  async run(job: BullJob, token: string | undefined): Promise<void> {
    const id = job.id ?? '';
    const { store, workerId, timeoutSeconds, onChange } = this.#parts;
    const stop = new AbortController();
    this.#running.set(id, stop); // before the record says `running`: from then on it can be canceled
    const timer = setTimeout(() => this.stop(id, 'timed out'), timeoutSeconds * 1_000);
    try {
      const attempt = await store.start(id, workerId());
      if (attempt === null) return;
      onChange();
      await this.#compute(job, token, attempt, stop.signal);
    } finally {
      clearTimeout(timer);
      this.#running.delete(id);
      onChange();
    }
  }

  async #compute(job: BullJob, token: string | undefined, attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { store, compute, log } = this.#parts;
    const { id } = attempt;
    const cancel = () => this.stop(id, 'canceled');
    const reporter = new Reporter((progress, steps) => store.report(attempt, progress, steps), cancel);
    const look = async () => {
      if (store.isReachable && !(await store.counts(attempt))) cancel();
    };
    const watch = setInterval(() => void look().catch(() => {}), SUPERSEDED_CHECK_MS);
    const report = (update: Update) => reporter.report(update);
    const outcome = await compute(attempt, { report, signal }).finally(() => clearInterval(watch));
    if (signal.aborted) return this.#stopped(signal.reason, job, token, attempt);
    await reporter.flushed(); // `done` is the last event
    if (outcome.status === 'succeeded') {
      await store.succeed(attempt, outcome);
      return this.#announceEnd(attempt);
    }
    const { error, retry } = outcome;
    // What is the request's own fault is its sender's to know.
    log[retry ? 'warn' : 'info']({ job: id, attempt: attempt.number, code: error.code }, error.message);
    if (!retry) return this.#fail(attempt, error);
    const tries = job.attemptsMade + 1;
    if (tries >= (job.opts.attempts ?? 1)) {
      return this.#fail(attempt, { ...error, message: `${error.message} It was tried ${tries} times.` });
    }
    await store.requeue(id, attempt.number);
    throw new Error(error.code); // BullMQ tries again
  }

  async #stopped(reason: StopReason, job: BullJob, token: string | undefined, attempt: Attempt): Promise<never> {
    const { store, log, timeoutSeconds } = this.#parts;
    log.info({ job: attempt.id, reason }, 'job stopped');
    switch (reason) {
      case 'canceled':
        throw new UnrecoverableError(reason); // the record says so already
      case 'handed back':
        await store.requeue(attempt.id, attempt.number);
        await job.moveToWait(token);
        throw new WaitingError();
      case 'timed out': {
        const limit = `${timeoutSeconds} seconds, which is this service's limit for one job`;
        const message = `The job computed for more than ${limit}.`;
        return this.#fail(attempt, { code: 'timeout', message, pointer: null });
      }
    }
  }

  async #fail(attempt: Attempt, error: JobError): Promise<never> {
    await this.#parts.store.fail(attempt, error);
    await this.#announceEnd(attempt);
    throw new UnrecoverableError(error.code);
  }

  async #announceEnd(attempt: Attempt): Promise<void> {
    if (attempt.request.webhook !== null) await this.#parts.queues.addWebhook(attempt.id);
  }
}
