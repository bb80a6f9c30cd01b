/** Names of everything that batches keep in Redis, under the prefix of the jobs. */

/** What the keys of each kind begin with. The Lua scripts get this table, and join names in the same way. */
export const NAMES = {
  /** Hash, by batch: its record. */
  batch: 'whence:batch',
  /** String, by batch and number of its first line: lines as they were sent, gzipped. */
  lines: 'whence:batch:lines',
  /** String, by batch: what became of each line, one character a line (MARKS). */
  marks: 'whence:batch:marks',
  /** Hash, by batch: the lines that are jobs now, with the ids of these. */
  flight: 'whence:batch:flight',
  /** Hash, by batch: the errors of lines that failed, as JSON. */
  errors: 'whence:batch:errors',
  /** String, by format, batch and line: the result, gzipped JSON. */
  line_result: 'whence:batch:result',
  /** String, by hash of an idempotency key: its batch and the hash of the lines. */
  batch_key: 'whence:batch:idempotency',
  /** String with a TTL, by batch: the feeder that may change it. */
  lease: 'whence:batch:lease',
  /** Sorted set, by id and so by age: all batches, and by tenant: its own. */
  batches: 'whence:batches',
  /** Sorted set, by id: batches that a feeder has something to do for. */
  active: 'whence:batches:active',
  /** Sorted set, by time: ended batches that will be forgotten. */
  batch_expiry: 'whence:batches:expiry',
} as const;

/** What becomes of a line; `cached`: it has succeeded with a result that was kept. Waiting lines of a canceled batch are canceled. */
export const MARKS = { waiting: 'w', job: 'j', succeeded: 's', cached: 'k', failed: 'f', canceled: 'c' } as const;

const key = (kind: keyof typeof NAMES, ...parts: (string | number)[]) => [NAMES[kind], ...parts].join(':');

/** The keys that TypeScript reads and writes itself; the others are the scripts' alone. */
export const keys = {
  batch: (id: string) => key('batch', id),
  lines: (id: string, first: number) => key('lines', id, first),
  marks: (id: string) => key('marks', id),
  flight: (id: string) => key('flight', id),
  errors: (id: string) => key('errors', id),
  result: (id: string, format: 'json' | 'inseq', line: number) => key('line_result', format, id, line),
  idempotency: (hash: string) => key('batch_key', hash),
  active: key('active'),
  expiry: key('batch_expiry'),
};
