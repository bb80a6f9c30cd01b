/**
 * Brings our records and BullMQ's queue together again after a crash between the two: a process that died after it
 * wrote the record and before it told BullMQ, or a stalled job whose event nobody heard. Every worker does it every
 * few seconds; doing it twice does no harm.
 */
import type { Logger } from 'pino';
import type { JobError } from '../contract/job.ts';
import { jobIdTime } from './ids.ts';
import type { Queues } from './queues.ts';
import type { WorkerStore } from './worker-store.ts';

interface Parts {
  store: WorkerStore;
  queues: Queues;
  log: Logger;
}

/** Jobs looked at in one go, the oldest first: what got lost moves to the front. */
const LIMIT = 50;

/**
 * Looks at the oldest jobs that have not ended, and at the webhooks that are due, and drops what is left of jobs that
 * are gone. Jobs younger than `settlingMs` are left alone: they may still be on their way from the record to the
 * queue.
 */
export async function reconcile(pool: string, settlingMs: number, parts: Parts): Promise<void> {
  const { store, queues } = parts;
  for (const id of await store.unfinished(pool, LIMIT)) {
    if (Date.now() - jobIdTime(id) > settlingMs) await reconcileJob(id, parts);
  }
  await store.sweep();
  for (const id of await store.pendingWebhooks()) await queues.addWebhook(id);
  for (const id of await queues.delayedWebhooks(LIMIT)) {
    if ((await store.record(id)) === null) await queues.removeWebhook(id);
  }
  await queues.tidy(pool);
}

/** Makes the record of one job follow what BullMQ knows of it. */
export async function reconcileJob(id: string, { store, queues, log }: Parts): Promise<void> {
  // The record first: if another worker takes the job after this, the attempt moves on and what we do is refused.
  const record = await store.record(id);
  if (record === null) return;
  const { pool, attempt, job } = record;
  const state = await queues.jobState(pool, id);
  if (job.status === 'running' && (state === 'waiting' || state === 'delayed')) {
    if (await store.requeue(id, attempt)) log.warn({ job: id, attempt }, 'job waits again: its worker died');
  } else if (job.status === 'queued' && attempt === 0 && state === 'unknown') {
    await queues.removeJob(pool, id); // half of it may be there
    await queues.addJob(pool, id);
    log.warn({ job: id }, 'job was not in the queue: added');
  } else if (isOver(state)) {
    if (await store.abandon(id, attempt, lostError(attempt))) log.error({ job: id, attempt, state }, 'job lost');
  }
}

/** Whether BullMQ has done with a job; it keeps nothing of those that ended. */
export function isOver(state: string): boolean {
  return state === 'unknown' || state === 'failed' || state === 'completed';
}

/** The error of a job whose worker died too often. */
export function lostError(attempt: number): JobError {
  return {
    code: 'worker_lost',
    message:
      `The worker died during attempt ${attempt} of this job, so it is not tried again. It may have run out of memory: ` +
      'fewer or shorter texts need less.',
    pointer: null,
  };
}
