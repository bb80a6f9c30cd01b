/**
 * What the job store has counted, as counters and histograms of Prometheus. Every API process serves the same numbers:
 * queries take their maximum, not their sum.
 */
import type { Metric, Registry } from 'prom-client';
import { BOUNDS, type Total } from '../../jobs/totals.ts';

interface Family {
  /** As the store calls it. */
  total: string;
  name: string;
  help: string;
  labels: readonly string[];
}

const COUNTERS: readonly Family[] = [
  {
    total: 'jobs_finished',
    name: 'whence_jobs_finished_total',
    help: 'Jobs that ended, lines of batches too.',
    labels: ['model', 'method', 'status'],
  },
  {
    total: 'job_run_seconds',
    name: 'whence_job_run_seconds_total',
    help: 'Seconds of the device that jobs took which succeeded or failed; those that ran together share them.',
    labels: ['model', 'method'],
  },
  { total: 'jobs_failed', name: 'whence_jobs_failed_total', help: 'Jobs that failed, by error.', labels: ['code'] },
  { total: 'jobs_canceled', name: 'whence_jobs_canceled_total', help: 'Jobs that were canceled.', labels: [] },
  {
    total: 'tokens',
    name: 'whence_tokens_total',
    help: 'Tokens, given and generated, of jobs that succeeded.',
    labels: ['pool'],
  },
  {
    total: 'passes',
    name: 'whence_passes_total',
    help: 'Forward and backward passes of jobs that succeeded.',
    labels: ['pool'],
  },
  {
    total: 'cache_hits',
    name: 'whence_cache_hits_total',
    help: 'Jobs that were given the result of an earlier request for the same.',
    labels: [],
  },
  {
    total: 'cache_misses',
    name: 'whence_cache_misses_total',
    help: 'Jobs for which there was none; those that did not ask are not counted.',
    labels: [],
  },
];

const HISTOGRAMS: readonly (Family & { total: keyof typeof BOUNDS })[] = [
  {
    total: 'job_wait_seconds',
    name: 'whence_job_wait_seconds',
    help: 'From the acceptance of a job until a worker took it.',
    labels: ['pool'],
  },
  {
    total: 'estimate_error_ratio',
    name: 'whence_estimate_error_ratio',
    help: 'Seconds that a job was quoted through those that it took, of jobs that succeeded and whose model was loaded.',
    labels: ['pool'],
  },
];

interface Value {
  labels: Record<string, string>;
  value: number;
  metricName?: string;
}

/** Adds the families to a registry; `totals` is asked at each scrape. */
export function registerTotals(registry: Registry, totals: () => readonly Total[]): void {
  const add = ({ name, help }: Family, type: 'counter' | 'histogram', values: () => Value[]): void => {
    // A metric of prom-client is what has this form; its own classes count themselves and cannot be told.
    registry.registerMetric({
      name,
      help,
      type,
      get: async () => ({ name, help, type, values: values() }),
    } as unknown as Metric);
  };
  const of = (family: Family): Total[] => totals().filter(({ name }) => name === family.total);
  for (const family of COUNTERS) add(family, 'counter', () => counts(family, of(family)));
  for (const family of HISTOGRAMS) add(family, 'histogram', () => distributed(family, of(family)));
}

/** A family without labels has its one series from the start, so that rates can be told from its first count on. */
function counts({ labels }: Family, totals: readonly Total[]): Value[] {
  if (labels.length === 0 && totals.length === 0) return [{ labels: {}, value: 0 }];
  return totals.map(({ labels: values, value }) => ({
    labels: Object.fromEntries(labels.map((label, i) => [label, values[i]])),
    value,
  }));
}

/** The store has each bucket for itself; Prometheus wants those below counted in. */
function distributed({ name, total }: (typeof HISTOGRAMS)[number], totals: readonly Total[]): Value[] {
  const pools = new Set(totals.map(({ labels: [pool] }) => pool));
  return [...pools].flatMap((pool) => {
    const at = (what: string): number =>
      totals.find(({ labels }) => labels[0] === pool && labels[1] === what)?.value ?? 0;
    let count = 0;
    const buckets = [...BOUNDS[total].map(String), '+Inf'].map((le): Value => {
      count += at(le);
      return { metricName: `${name}_bucket`, labels: { pool, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { pool }, value: at('sum') },
      { metricName: `${name}_count`, labels: { pool }, value: count },
    ];
  });
}
