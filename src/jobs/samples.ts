/** What the last turns of the workers took, by pool, model, quantization and method: what quotes are learned from. */
import type { Redis } from 'ioredis';
import type { EffortSample } from '../effort.ts';

import { keys } from './keys.ts';

/** A model, as the workers of a pool hold it. */
export interface LoadingKind {
  pool: string;
  model: string;
  quantization: string;
}

export interface EffortKind extends LoadingKind {
  method: string;
}

/** Turns that are kept of each kind. */
const KEPT = 64;
/** For which they are kept when no other comes: a machine that nobody used for so long may be another one. */
const KEPT_SECONDS = 90 * 86_400;
/** Less than this is no loading. */
const SHORTEST_LOADING = 0.01;

const FIELDS = ['texts', 'rows', 'pulled', 'generated', 'cells', 'seconds'] as const;

const nameOf = ({ pool, model, quantization, method }: EffortKind) => [pool, model, quantization, method];

export async function noteEffort(redis: Redis, kind: EffortKind, sample: EffortSample): Promise<void> {
  const key = keys.samples(nameOf(kind));
  await redis
    .multi()
    .lpush(key, JSON.stringify(FIELDS.map((field) => sample[field])))
    .ltrim(key, 0, KEPT - 1)
    .expire(key, KEPT_SECONDS)
    .exec();
}

export async function noteLoading(redis: Redis, kind: LoadingKind, seconds: number): Promise<void> {
  if (seconds < SHORTEST_LOADING) return;
  const { pool, model, quantization } = kind;
  await redis.hset(keys.loading, JSON.stringify([pool, model, quantization]), seconds);
}

/** The newest first. */
export async function readEfforts(redis: Redis, kind: EffortKind): Promise<EffortSample[]> {
  const entries = await redis.lrange(keys.samples(nameOf(kind)), 0, KEPT - 1);
  return entries.map((entry) => {
    const [texts, rows, pulled, generated, cells, seconds] = JSON.parse(entry) as number[];
    return { texts, rows, pulled, generated, cells, seconds };
  });
}

/** Seconds that the model took to load last; null: it never was, here. */
export async function readLoading(redis: Redis, { pool, model, quantization }: LoadingKind): Promise<number | null> {
  const seconds = await redis.hget(keys.loading, JSON.stringify([pool, model, quantization]));
  return seconds === null ? null : Number(seconds);
}
