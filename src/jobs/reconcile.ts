/**
 * Brings our records and BullMQ's turns together again after a crash between the two: a process that died after it wrote
 * the record and before it told BullMQ, or a stalled turn whose event nobody heard. Every worker does it every few
 * seconds; doing it twice does no harm.
 */
import type { Logger } from 'pino';
import type { JobError } from '../contract/job.ts';
import type { Queues } from './queues.ts';
import type { WorkerStore } from './worker-store.ts';

interface Parts {
  pool: string;
  store: WorkerStore;
  queues: Queues;
  log: Logger;
  /** How often a job's worker may die before the job fails. */
  maxLost: number;
}

/** Jobs and webhooks looked at in one go, the oldest first: what got lost moves to the front. */
const LIMIT = 200;

/** Looks at the jobs that run, wait or are due a webhook, and drops what is left of jobs that are gone. */
export async function reconcile(parts: Parts): Promise<void> {
  const { pool, store, queues } = parts;
  await adoptOlder(parts);
  const held = new Map<string, boolean>();
  for (const job of await store.running(LIMIT)) {
    // Its record was read before: if another worker takes the job after this, the attempt moves on and ours is refused.
    const { turn } = job;
    if (!held.has(turn)) held.set(turn, await queues.isHeld(job.pool, turn));
    if (held.get(turn) === false) await recoverJob(job, parts);
  }
  await queues.addTurns(pool, await store.turnsWanted(pool));
  await store.sweep();
  for (const id of await store.pendingWebhooks()) await queues.addWebhook(id);
  for (const id of await queues.delayedWebhooks(LIMIT)) {
    if ((await store.record(id)) === null) await queues.removeWebhook(id);
  }
  await queues.tidy(pool);
}

/** Lets the jobs of a turn wait again whose worker died; `reheld`: by the worker that holds the turn now. */
export async function recoverTurn(turn: string, parts: Parts, { reheld }: { reheld: boolean }): Promise<void> {
  const jobs = await parts.store.runningIn(turn);
  if (jobs.length === 0 || (!reheld && (await parts.queues.isHeld(jobs[0].pool, turn)))) return;
  for (const job of jobs) await recoverJob(job, parts);
}

async function recoverJob(job: { id: string; number: number; pool: string }, parts: Parts): Promise<void> {
  const { store, queues, log, maxLost } = parts;
  const { id, number: attempt, pool } = job;
  const again = await store.requeue(job, 'lost', maxLost);
  if (again.outcome === 'waits') {
    log.warn({ job: id, attempt }, 'job waits again: its worker died');
    await queues.addTurns(pool, again.turns);
  } else if (again.outcome === 'over' && (await store.abandon(id, attempt, lostError(attempt)))) {
    log.error({ job: id, attempt }, 'job lost');
  }
}

/**
 * Takes over what the version before left: its jobs lay in BullMQ's queue by their own ids, and in indexes that ours do
 * not use, so that workers of both versions do not meddle with each other's jobs.
 */
async function adoptOlder({ pool, store, queues, log }: Parts): Promise<void> {
  for (;;) {
    let adopted = 0;
    for (const id of await store.older(pool, LIMIT)) {
      const record = await store.record(id);
      // One that a worker of that version holds is its own; it ends, or loses its lock.
      if (!(await queues.removeOlder(record?.pool ?? pool, id))) continue;
      await queues.addTurns(pool, await store.adopt(id, record?.pool ?? pool));
      adopted += 1;
    }
    if (adopted === 0) return;
    log.info({ jobs: adopted }, 'jobs of the version before taken over');
  }
}

/** The error of a job whose worker died too often. */
function lostError(attempt: number): JobError {
  return {
    code: 'worker_lost',
    message:
      `The worker died during attempt ${attempt} of this job, so it is not tried again. It may have run out of memory: ` +
      'fewer or shorter texts need less.',
    pointer: null,
  };
}
