/** Whether jobs can be accepted and computed now, and what is missing where not. */
import type { BackendInfo } from '../../contract/catalogue.ts';
import { type Jobs, StoreUnavailableError, type WorkerInfo } from '../../jobs/jobs.ts';

export interface Readiness {
  status: 'ready' | 'unavailable';
  /** Round trip in milliseconds; null while Redis does not answer. */
  redis: { up: boolean; milliseconds: number | null };
  backend: BackendInfo | null;
  workers: WorkerInfo[];
  problems: string[];
}

/** Asks Redis and, through it, the workers. Rejects only for errors of our own. */
export async function readiness(jobs: Jobs): Promise<Readiness> {
  try {
    const [milliseconds, catalogue, workers] = await Promise.all([jobs.ping(), jobs.catalogue(), jobs.workers()]);
    const problems = workers.length > 0 ? [] : ['No worker is running: start one with `whence worker`.'];
    return {
      status: problems.length === 0 && catalogue !== null ? 'ready' : 'unavailable',
      redis: { up: true, milliseconds },
      backend: catalogue?.backend ?? null,
      workers,
      problems,
    };
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    const { trouble } = error;
    const { reason, remedy } = trouble;
    const problems = [
      trouble.answers ? `Redis ${reason}. ${remedy}` : `Redis does not answer: it ${reason}. ${remedy}`,
    ];
    return {
      status: 'unavailable',
      redis: { up: trouble.answers, milliseconds: null },
      backend: null,
      workers: [],
      problems,
    };
  }
}
