/** What became of the lines of a batch, in their order: read a few at a time, as fast as they are taken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { kindOfLine } from '../contract/batch.ts';
import type { JobError } from '../contract/job.ts';
import type { AttributionKind } from '../contract/job-kinds.ts';
import type { Notifications } from '../jobs/notifications.ts';
import { readPieces } from '../jobs/pieces.ts';
import { guarded } from '../jobs/redis.ts';
import { BatchGoneError, type LineOutcome, type OutcomeOptions } from './batches.ts';
import { LineReader } from './chunks.ts';
import { keys, MARKS } from './keys.ts';
import type { BatchRedis } from './scripts.ts';

/** Lines whose results are read in one go, */
const LINES_AT_ONCE = 64;
/** as long as they are small: larger ones come one by one. */
const SMALL_BYTES = 32 * 1024;
/** How long news may be late before it is looked for. */
const PATIENCE_MS = 5_000;

interface Store {
  redis: BatchRedis;
  notifications: Notifications;
}

export async function* readOutcomes(
  id: string,
  { format, skip, follow, signal }: OutcomeOptions,
  { redis, notifications }: Store,
): AsyncGenerator<LineOutcome> {
  const [chunks, size] = await guarded(redis, () => redis.hmget(keys.batch(id), 'chunks', 'total'));
  if (chunks === null) throw new BatchGoneError(id);
  const lines = new LineReader(redis, id, chunks);
  let wake = () => {};
  const onNews = () => wake();
  const unsubscribe = await notifications.subscribe(id, onNews);
  signal.addEventListener('abort', onNews);
  try {
    for (let line = skip; line < Number(size) && !signal.aborted; ) {
      const news = new Promise<void>((resolve) => {
        wake = resolve; // before reading: what comes while we read is read next
      });
      const marks = await endedMarks(redis, id, line);
      if (marks === null) throw new BatchGoneError(id);
      for await (const outcome of outcomesOf(redis, { id, format, lines, line, marks })) {
        if (signal.aborted) return;
        yield outcome;
      }
      line += marks.length;
      if (marks.length > 0) continue;
      if (!follow) return;
      const late = new AbortController();
      await Promise.race([news, sleep(PATIENCE_MS, null, { signal: late.signal }).catch(() => {})]);
      late.abort();
    }
  } finally {
    signal.removeEventListener('abort', onNews);
    unsubscribe();
  }
}

/** The marks of the next lines as far as they have ended; null where the batch is gone. */
async function endedMarks(redis: BatchRedis, id: string, line: number): Promise<string | null> {
  const status = await guarded(redis, () => redis.hget(keys.batch(id), 'status')); // first: marks only move forward
  if (status === null || status === 'removed') return null;
  const marks = await guarded(redis, () => redis.getrange(keys.marks(id), line, line + LINES_AT_ONCE - 1));
  const going = [...marks].findIndex((mark) => mark === MARKS.job || (mark === MARKS.waiting && status !== 'canceled'));
  return going < 0 ? marks : marks.slice(0, going);
}

interface Ended {
  id: string;
  format: 'json' | 'inseq';
  lines: LineReader;
  /** Number of the first line. */
  line: number;
  marks: string;
}

async function* outcomesOf(redis: BatchRedis, { id, format, lines, line, marks }: Ended): AsyncGenerator<LineOutcome> {
  const numbers = [...marks].map((_, at) => line + at);
  const withMark = (...wanted: string[]): number[] => numbers.filter((_, at) => wanted.includes(marks[at]));
  const errors = await readErrors(redis, id, withMark(MARKS.failed));
  const results = await readSmall(
    redis,
    withMark(MARKS.succeeded, MARKS.cached).map((number) => keys.result(id, format, number)),
  );
  for (const [at, number] of numbers.entries()) {
    const text = await lines.line(number);
    if (text === null) throw new BatchGoneError(id);
    const about = aboutLine(text);
    switch (marks[at]) {
      case MARKS.succeeded:
      case MARKS.cached: {
        const key = keys.result(id, format, number);
        const packed = results.get(key) ?? (await readPieces(redis, key));
        if (packed === null) throw new BatchGoneError(id);
        yield { ...about, status: 'succeeded', packed, cached: marks[at] === MARKS.cached };
        break;
      }
      case MARKS.failed: {
        const error = errors.get(number);
        if (error === undefined) throw new BatchGoneError(id);
        yield { ...about, status: 'failed', error };
        break;
      }
      default:
        yield { ...about, status: 'canceled' };
    }
  }
}

async function readErrors(redis: BatchRedis, id: string, numbers: number[]): Promise<Map<number, JobError>> {
  if (numbers.length === 0) return new Map();
  const texts = await guarded(redis, () => redis.hmget(keys.errors(id), ...numbers.map(String)));
  return new Map(texts.flatMap((text, at) => (text === null ? [] : [[numbers[at], JSON.parse(text) as JobError]])));
}

/** Values by their key, large ones left out. */
async function readSmall(redis: BatchRedis, names: string[]): Promise<Map<string, Buffer[]>> {
  if (names.length === 0) return new Map();
  const sizes = await guarded(redis, () => redis.pipeline(names.map((name) => ['strlen', name])).exec());
  const small = names.filter((_, at) => Number(sizes?.[at][1] ?? 0) <= SMALL_BYTES);
  if (small.length === 0) return new Map();
  const values = await guarded(redis, () => redis.mgetBuffer(small));
  return new Map(values.flatMap((value, at) => (value === null ? [] : [[small[at], [value]]])));
}

/** The `custom_id` of a line, null where it has none, and the kind of job that it asks for. */
function aboutLine(text: string): { customId: string | null; kind: AttributionKind } {
  const line: unknown = JSON.parse(text); // it was read before it was taken
  const { custom_id: id, url } = (typeof line === 'object' && line !== null ? line : {}) as Record<string, unknown>;
  return { customId: typeof id === 'string' ? id : null, kind: kindOfLine(url) };
}
