/** What the store has counted since it was new (lua/totals.lua), for /metrics. */

/** Upper bounds of the buckets of its histograms. */
export const BOUNDS = {
  job_wait_seconds: [0.1, 1, 5, 30, 120, 600],
  estimate_error_ratio: [0.25, 0.5, 0.8, 1.25, 2, 4],
} as const;

/** A counter's name, the values of its labels, and how far it has come. */
export interface Total {
  name: string;
  labels: string[];
  value: number;
}

/** @param fields - of the hash, by name */
export function readTotals(fields: Record<string, string>): Total[] {
  return Object.entries(fields).map(([field, value]) => {
    const [name, ...labels] = JSON.parse(field) as [string, ...string[]];
    return { name, labels, value: Number(value) };
  });
}

/** How much waits in a pool. */
export interface QueueState {
  pool: string;
  jobs: number;
  /** That one worker needs for it, as far as can be told; null: no worker has ever computed there. */
  workSeconds: number | null;
  /** Since when the oldest waits. */
  oldestSeconds: number;
  /** That the jobs which run still need, on the workers that have them, as far as they have quotes. */
  runningSeconds: number;
}

/** @param reply - of queues.lua */
export function readQueues(reply: unknown): QueueState[] {
  return (reply as [string, number, ...string[]][]).map(([pool, jobs, quoted, work, pace, oldest, running]) => ({
    pool,
    jobs,
    workSeconds: pace === '' && Number(work) > 0 ? null : Number(quoted) + Number(work) / Number(pace || 1),
    oldestSeconds: Number(oldest),
    runningSeconds: Number(running),
  }));
}
