/**
 * When a place in a full queue becomes free, for those who find none. An estimate is looked up a few times a second at
 * most and counts down by itself, so that a flood of refused requests costs Redis nothing beside their refusal.
 */
import { guarded } from './redis.ts';
import { type ScriptedRedis, scripts } from './scripts.ts';
import { readWorkers } from './workers.ts';

const FRESH_MS = 500;
/** Of an estimate whose moment has come: a turn that begins now may be a long one. */
const DUE_MS = 100;
/** Pools and tenants that are remembered. */
const MOST_KNOWN = 1_000;

/** Nobody is told to stay away for longer: jobs are canceled, and workers come. */
const MOST_SECONDS = 600;
const WITHOUT_WORKER_SECONDS = 60;
/** Where nobody knows how long anything takes. */
const UNKNOWN_SECONDS = 5;

/** What tells when jobs are taken from a queue. */
export interface Outflow {
  workers: number;
  /** Turns that run. */
  running: number;
  /** Seconds until the first of them ends; null: not known. */
  left: number | null;
  /** The turn, counted from the next, that takes a job whose place is waited for. */
  turns: number;
  /** Seconds from one turn to the next while jobs wait; null: not known. */
  between: number | null;
}

/** Seconds until a place is free. */
export function untilFree({ workers, running, left, turns, between }: Outflow): number {
  if (workers === 0) return WITHOUT_WORKER_SECONDS;
  const next = running < workers ? 0 : (left ?? between ?? UNKNOWN_SECONDS);
  return next + (turns - 1) * (between ?? next);
}

interface Known {
  /** By `performance.now()`. */
  freeAt: Promise<number>;
  freshUntil: number;
}

export class Places {
  readonly #redis: ScriptedRedis;
  readonly #known = new Map<string, Known>();

  constructor(redis: ScriptedRedis) {
    this.#redis = redis;
  }

  /** Whole seconds, 1 to 600. @param tenant - whose place in the pool's queue; left out: anybody's */
  async secondsUntilFree(pool: string, tenant?: string): Promise<number> {
    const name = JSON.stringify([pool, tenant]);
    let known = this.#known.get(name);
    if (known === undefined || performance.now() >= known.freshUntil) {
      known = this.#look(pool, tenant);
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(name, known);
    }
    const seconds = ((await known.freeAt) - performance.now()) / 1_000;
    return Math.min(MOST_SECONDS, Math.max(1, Math.ceil(seconds)));
  }

  #look(pool: string, tenant: string | undefined): Known {
    const known: Known = { freeAt: this.#freeAt(pool, tenant), freshUntil: Number.POSITIVE_INFINITY };
    known.freeAt.then(
      (freeAt) => {
        const now = performance.now();
        known.freshUntil = Math.min(now + FRESH_MS, Math.max(now + DUE_MS, freeAt));
      },
      () => {
        known.freshUntil = 0;
      },
    );
    return known;
  }

  async #freeAt(pool: string, tenant: string | undefined): Promise<number> {
    const args = tenant === undefined ? [pool] : [pool, tenant];
    const [workers, reply] = await Promise.all([
      readWorkers(this.#redis),
      guarded(this.#redis, () => scripts.run(this.#redis, 'places', args)),
    ]);
    const [running, left, turns, between] = reply as [number, string, number, string];
    const own = workers.filter((worker) => worker.pool === pool).length;
    const outflow = { workers: own, running, left: numberOf(left), turns, between: numberOf(between) };
    return performance.now() + 1_000 * untilFree(outflow);
  }
}

const numberOf = (text: string): number | null => (text === '' ? null : Number(text));
