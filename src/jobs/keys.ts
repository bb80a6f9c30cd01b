/** Names of everything that Whence keeps in Redis. One prefix, so that a shared server shows what belongs to whom. */
import type { JobStatus } from '../contract/job.ts';

export const PREFIX = 'whence:';

/** BullMQ's own keys: `whence:bull:POOL:…`. */
export const BULL_PREFIX = `${PREFIX}bull`;

export const keys = {
  /** Hash: the job's record. */
  job: (id: string) => `${PREFIX}job:${id}`,
  /** String: the request, gzipped JSON. */
  request: (id: string) => `${PREFIX}request:${id}`,
  /** String: the result, gzipped JSON. */
  result: (id: string, format: 'json' | 'inseq') => `${PREFIX}result:${format}:${id}`,
  /** Stream: progress and step events. */
  events: (id: string) => `${PREFIX}events:${id}`,
  /** Bitmap: the steps that the stream was told. */
  told: (id: string) => `${PREFIX}told:${id}`,
  /** Sorted set, by id and so by age: the jobs of a pool that wait. */
  waiting: (pool: string) => `${PREFIX}waiting:${pool}`,
  /** Sorted set: the jobs with a status. */
  status: (status: JobStatus) => `${PREFIX}status:${status}`,
  /** Hash: pool -> the catalogue that its workers published last, with the time. */
  catalogue: `${PREFIX}catalogue`,
  /** String with a TTL: written to find out whether the server takes writes. */
  probe: `${PREFIX}probe`,
  /** Set: ids of workers that were seen. */
  workers: `${PREFIX}workers`,
  /** String with a TTL: what a live worker says of itself. */
  worker: (id: string) => `${PREFIX}worker:${id}`,
  /** Set: ids of ended jobs whose webhook is not settled. */
  webhooks: `${PREFIX}webhooks`,
};

export const channels = {
  /** Says `event`, `done` or `removed` of one job. */
  job: (id: string) => `${PREFIX}channel:job:${id}`,
  /** Says the id of a job that its worker must stop. */
  stop: `${PREFIX}channel:stop`,
};
