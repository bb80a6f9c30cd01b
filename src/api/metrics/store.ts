/** Gauges of the job store and the workers, read at each scrape. */
import { Gauge, type Registry } from 'prom-client';
import { JOB_STATUSES } from '../../contract/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Total } from '../../jobs/totals.ts';
import { registerTotals } from './totals.ts';

/** Adds them to a registry. What it returns brings them up to date. @throws StoreUnavailableError */
export function storeMetrics(registry: Registry, jobs: Jobs): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const ping = gauge('whence_store_ping_seconds', 'Round trip to Redis.');
  const statuses = gauge('whence_jobs', 'Jobs that are kept, by status; the queued ones are the depth of the queue.', [
    'status',
  ]);
  const workers = gauge('whence_workers', 'Workers seen lately.', ['pool', 'state']);
  const devices = gauge('whence_worker_devices', 'Workers seen lately by what computes in them.', [
    'pool',
    'backend',
    'device',
  ]);
  const memory = gauge('whence_engine_memory_bytes', "Resident memory of a worker's engine.", ['pool', 'worker']);
  const work = gauge('whence_queue_work_seconds', 'That one worker needs for what waits, as its last jobs tell.', [
    'pool',
  ]);
  const oldest = gauge('whence_queue_oldest_wait_seconds', 'For which the oldest job waits; 0: none does.', ['pool']);
  let totals: Total[] = [];
  registerTotals(registry, () => totals);

  return async () => {
    const [milliseconds, counts, seen, queues, counted] = await Promise.all([
      jobs.ping(),
      jobs.counts(),
      jobs.workers(),
      jobs.queues(),
      jobs.totals(),
    ]);
    for (const one of [statuses, workers, devices, memory, work, oldest]) one.reset();
    totals = counted;
    ping.set(milliseconds / 1000);
    for (const status of JOB_STATUSES) statuses.set({ status }, counts[status]);
    for (const { id, pool, busy, backend, device = 'cpu', engine_memory_bytes: bytes } of seen) {
      workers.inc({ pool, state: busy ? 'busy' : 'idle' });
      devices.inc({ pool, backend, device });
      if (bytes !== undefined) memory.set({ pool, worker: id }, bytes);
    }
    for (const { pool, workSeconds, oldestSeconds } of queues) {
      if (workSeconds !== null) work.set({ pool }, workSeconds);
      oldest.set({ pool }, oldestSeconds);
    }
  };
}
