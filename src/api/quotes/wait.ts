/** How long a job would wait. */
import type { QueueState } from '../../jobs/totals.ts';

/** Until a worker takes a job that comes now, if all that waits is taken before it; null: nobody can tell. */
export function waitSeconds(queue: QueueState | undefined, workers: number): number | null {
  if (workers === 0 || queue === undefined || queue.workSeconds === null) return null;
  return (queue.workSeconds + queue.runningSeconds) / workers;
}
