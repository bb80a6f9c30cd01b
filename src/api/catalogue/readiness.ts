/** Whether jobs can be accepted and computed now, and what is missing where not. */
import type { BackendInfo } from '../../contract/catalogue.ts';
import { type Jobs, StoreUnavailableError, type WorkerInfo } from '../../jobs/jobs.ts';
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
  const [health, catalogue, workers] = await Promise.all([
    ask(jobs.health()),
    ask(jobs.catalogue()),
    ask(jobs.workers()),
  ]);
  const [trouble] = troubles;
  const problems = trouble === undefined ? [] : [describe(trouble)];
  if (workers?.length === 0) problems.push('No worker is running: start one with `whence worker`.');
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
