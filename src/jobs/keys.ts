/** Names of everything that Whence keeps in Redis. One prefix, so that a shared server shows what belongs to whom. */

const PREFIX = 'whence:';

/** BullMQ's own keys: `whence:bull:POOL:…`. */
export const BULL_PREFIX = `${PREFIX}bull`;

/** What the keys of each kind begin with. The Lua scripts get this table, and join names in the same way. */
export const NAMES = {
  /** Hash, by job: its record. */
  job: `${PREFIX}job`,
  /** String, by job: the request, gzipped JSON. */
  request: `${PREFIX}request`,
  /** String, by format and job: the result, gzipped JSON. */
  result: `${PREFIX}result`,
  /** String, by job that has not ended: what its attempts have put down (engine/savepoint.ts). */
  savepoint: `${PREFIX}savepoint`,
  /** Stream, by job: progress and step events. */
  events: `${PREFIX}events`,
  /** Bitmap, by running job: the steps that its stream has. */
  told: `${PREFIX}told`,
  /** String, by hash of an idempotency key: its job and the hash of the request. */
  idempotency: `${PREFIX}idempotency`,
  /** Sorted set, by id and so by age, as are the next nine: all jobs, and by tenant: its own. */
  jobs: `${PREFIX}jobs`,
  /** By status other than `running`: the jobs that have it. */
  status: `${PREFIX}status`,
  /** The jobs that run. */
  running: `${PREFIX}running`,
  /** By status: the lines of batches that have it, which are in no other index. */
  lines: `${PREFIX}lines`,
  /** By model: its jobs. */
  model: `${PREFIX}model`,
  /** By pool: its jobs that wait. */
  queue: `${PREFIX}queue`,
  /** By pool: its lines of batches that wait. */
  queue_lines: `${PREFIX}queue-lines`,
  /** By pool, tenant and batch: the jobs of this flow that wait, those of the highest priority first. */
  flow: `${PREFIX}flow`,
  /** By pool and hash of what jobs have in common: those of them that wait and may be taken together. */
  alike: `${PREFIX}alike`,
  /** By pool: jobs of the version before that wait. */
  older_waiting: `${PREFIX}waiting`,
  /** Set, by turn: the jobs that run in it. */
  turn: `${PREFIX}turn`,
  /** Sorted set, by level, virtual time as score: who has jobs that wait (lua/scheduler.lua). */
  fair: `${PREFIX}fair`,
  /** Sorted set, by level, the same of those that have none but were served ahead of the others. */
  fair_rest: `${PREFIX}fair-rest`,
  /** String, by level: the virtual time. */
  fair_clock: `${PREFIX}fair-clock`,
  /** Sorted set, by time: ended jobs that the indexes will forget. */
  expiry: `${PREFIX}expiry`,
  /** Set: ended jobs whose webhook is not settled. */
  webhooks: `${PREFIX}webhooks`,
  /** Hash: counter and labels, as JSON -> what was counted since the store was new (lua/totals.lua). */
  totals: `${PREFIX}totals`,
  /** Hash, by day: tenant, model and what, as JSON -> how much was used (lua/usage.lua). */
  usage: `${PREFIX}usage`,
  /** List, by model: what its last evaluations measured, as JSON, the newest first. */
  evaluations: `${PREFIX}evaluations`,
  /** Hash: tenant -> its weight, where that is not 1. */
  weights: `${PREFIX}weights`,
  /** Hash, by what was asked for: a result that is kept for who asks the same (lua/results.lua). */
  cache: `${PREFIX}cache`,
  /** Sorted set, last use as score: what is kept. */
  cache_used: `${PREFIX}cache-used`,
  /** Sorted set, end of its time to live as score: what is kept. */
  cache_until: `${PREFIX}cache-until`,
  /** Hash: what is kept -> its bytes; `total`: of all. */
  cache_bytes: `${PREFIX}cache-bytes`,
  /** Hash: pool -> the seconds of the jobs that wait and have a quote. */
  queue_seconds: `${PREFIX}queue-seconds`,
  /** Hash: pool -> the work of the others that wait. */
  queue_work: `${PREFIX}queue-work`,
  /** Hash: pool -> work a second of a worker, as the last that was asked says. */
  pace: `${PREFIX}pace`,
  /** Hash, by pool: how fast its workers take jobs (lua/scheduler.lua). */
  served: `${PREFIX}served`,
  /** List, by what was computed, as JSON: what its last turns took, the newest first (samples.ts). */
  samples: `${PREFIX}samples`,
  /** Hash: model, as JSON -> seconds that it took to load last. */
  loading: `${PREFIX}loading`,
  /** Hash: pool -> the catalogue that its workers published last, with the time. */
  catalogue: `${PREFIX}catalogue`,
  /** Set: workers that were seen. */
  workers: `${PREFIX}workers`,
  /** String with a TTL, by worker: what it says of itself. */
  worker: `${PREFIX}worker`,
  /** String with a TTL: written to find out whether the server takes writes. */
  probe: `${PREFIX}probe`,
  /** Channel, by job: says `event`, `done` or `removed`. */
  channel_job: `${PREFIX}channel:job`,
  /** Channel: says the id of a job that its worker must stop. */
  channel_stop: `${PREFIX}channel:stop`,
} as const;

const key = (kind: keyof typeof NAMES, ...parts: string[]) => [NAMES[kind], ...parts].join(':');

/** The keys that TypeScript reads and writes itself; the others are the scripts' alone. */
export const keys = {
  request: (id: string) => key('request', id),
  result: (id: string, format: 'json' | 'inseq') => key('result', format, id),
  events: (id: string) => key('events', id),
  savepoint: (id: string) => key('savepoint', id),
  job: (id: string) => key('job', id),
  running: key('running'),
  runningLines: key('lines', 'running'),
  turn: (turn: string) => key('turn', turn),
  olderWaiting: (pool: string) => key('older_waiting', pool),
  /** What the version before has as running; it would take jobs of ours in there for lost. */
  olderRunning: key('status', 'running'),
  catalogue: key('catalogue'),
  totals: key('totals'),
  usage: (day: number) => key('usage', String(day)),
  evaluations: (model: string) => key('evaluations', model),
  pace: key('pace'),
  samples: (kind: readonly string[]) => key('samples', JSON.stringify(kind)),
  loading: key('loading'),
  workers: key('workers'),
  worker: (id: string) => key('worker', id),
  webhooks: key('webhooks'),
  probe: key('probe'),
};

export const channels = {
  job: (id: string) => key('channel_job', id),
  stop: key('channel_stop'),
};
