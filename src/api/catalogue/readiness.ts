/** Whether jobs can be accepted and computed now, and what is missing where not. */
import type { BackendInfo } from '../../contract/catalogue.ts';
import { type Jobs, StoreUnavailableError, type WorkerInfo } from '../../jobs/jobs.ts';
import type { QueueState } from '../../jobs/totals.ts';
import type { Trouble } from '../../jobs/trouble.ts';

export interface Readiness {
  status: 'ready' | 'unavailable';
  /** Round trip in milliseconds; null while Redis does not answer. */
  redis: { up: boolean; milliseconds: number | null };
  backend: BackendInfo | null;
  workers: WorkerInfo[];
  /** What is missing, and warnings that do not keep it from working. */
  problems: string[];
}

/** Asks Redis and, through it, the workers. Rejects only for errors of our own. */
export async function readiness(jobs: Jobs): Promise<Readiness> {
  const troubles: Trouble[] = [];
  const ask = <T>(question: Promise<T>): Promise<T | null> =>
    question.catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      troubles.push(error.trouble);
      return null;
    });
  const [health, catalogue, workers, queues] = await Promise.all([
    ask(jobs.health()),
    ask(jobs.catalogue()),
    ask(jobs.workers()),
    ask(jobs.queues()),
  ]);
  const [trouble] = troubles;
  const problems = trouble === undefined ? [] : [describe(trouble)];
  if (workers?.length === 0) problems.push('No worker is running: start one with `whence worker`.');
  problems.push(...notConsumed(queues ?? [], workers ?? []), ...notLoaded(workers ?? []));
  return {
    status: problems.length === 0 && catalogue !== null ? 'ready' : 'unavailable',
    redis: { up: trouble?.answers ?? true, milliseconds: health?.milliseconds ?? null },
    backend: catalogue?.backend ?? null,
    workers: workers ?? [],
    problems: [...problems, ...(health?.warnings ?? [])],
  };
}

function describe({ answers, reason, remedy }: Trouble): string {
  return answers ? `Redis ${reason}. ${remedy}` : `Redis does not answer: it ${reason}. ${remedy}`;
}

/** Jobs that have waited for so long while a worker of their pool had nothing to do for so long, are not going to be taken. */
const STUCK_SECONDS = { waiting: 30, idle: 10 };

/** Whether jobs are taken, not only whether somebody says that he lives. */
function notConsumed(queues: readonly QueueState[], workers: readonly WorkerInfo[]): string[] {
  return queues.flatMap(({ pool, jobs, oldestSeconds }) => {
    if (jobs === 0 || oldestSeconds < STUCK_SECONDS.waiting) return [];
    const idle = workers.find((worker) => worker.pool === pool && idleSeconds(worker) >= STUCK_SECONDS.idle);
    if (idle === undefined) return [];
    const since = `a job of the pool "${pool}" waits for ${Math.round(oldestSeconds)} s`;
    return [`The worker ${idle.id} is idle, and ${since}: restart the worker, and keep its log.`];
  });
}

function idleSeconds({ last_seen, idle_since = null }: WorkerInfo): number {
  return idle_since === null ? 0 : (Date.parse(last_seen) - Date.parse(idle_since)) / 1_000;
}

/** Pools none of whose workers has loaded what the models file wants loaded first. */
function notLoaded(workers: readonly WorkerInfo[]): string[] {
  const pools = new Set(workers.map(({ pool }) => pool));
  return [...pools].flatMap((pool) => {
    const missing = workers.filter((worker) => worker.pool === pool).map(({ preloading = [] }) => preloading);
    if (missing.some((models) => models.length === 0)) return [];
    const models = missing[0].join(', ');
    return [
      `No worker of the pool "${pool}" has loaded ${models} yet (\`preload\` in the models file): wait, or see its log.`,
    ];
  });
}
