/** Workers and what they can do: each pool's last catalogue, kept; each worker's heartbeat, gone when the worker is. */
import type { Redis } from 'ioredis';
import type { Catalogue } from '../contract/catalogue.ts';
import type { WorkerInfo } from './jobs.ts';
import { keys } from './keys.ts';
import { guarded } from './redis.ts';

interface Published {
  at: number;
  catalogue: Catalogue;
}

/** Makes what a pool's workers can do known; it stays known while no worker is there. */
export async function publishCatalogue(redis: Redis, pool: string, catalogue: Catalogue): Promise<void> {
  const published: Published = { at: Date.now(), catalogue };
  await redis.hset(keys.catalogue, pool, JSON.stringify(published));
}

/** All pools' catalogues as one, the newest first; null while no worker has ever registered. */
export async function readCatalogue(redis: Redis): Promise<Catalogue | null> {
  const [texts, workers] = await Promise.all([guarded(redis, () => redis.hvals(keys.catalogue)), readWorkers(redis)]);
  const published = texts.map((text) => JSON.parse(text) as Published).sort((a, b) => b.at - a.at);
  if (published.length === 0) return null;
  const catalogues = published.map(({ catalogue }) => catalogue);
  const loaded = new Set(workers.flatMap((worker) => worker.loaded_models));
  const models = firstById(catalogues.flatMap(({ models }) => models));
  const unusable = firstById(catalogues.flatMap(({ unusable_models }) => unusable_models ?? []));
  return {
    ...catalogues[0],
    models: models.map((model) => ({ ...model, loaded: loaded.has(model.id) })),
    // Another pool may serve a model that this one cannot.
    unusable_models: unusable.filter(({ id }) => !models.some((model) => model.id === id)),
    methods: firstById(catalogues.flatMap(({ methods }) => methods)),
    step_functions: firstById(catalogues.flatMap(({ step_functions }) => step_functions)),
    aggregators: firstById(catalogues.flatMap(({ aggregators }) => aggregators)),
    faithfulness_metrics: firstById(catalogues.flatMap(({ faithfulness_metrics: metrics }) => metrics ?? [])),
  };
}

/**
 * Says that a worker lives, and its pace; without another heartbeat it counts as dead after `ttlMs`. The pace stays: what
 * waits is told in seconds also while no worker is there.
 */
export async function heartbeat(redis: Redis, worker: WorkerInfo, ttlMs: number, pace: number | null): Promise<void> {
  const beat = redis
    .multi()
    .set(keys.worker(worker.id), JSON.stringify(worker), 'PX', ttlMs)
    .sadd(keys.workers, worker.id);
  if (pace !== null) beat.hset(keys.pace, worker.pool, pace);
  await beat.exec();
}

export async function signOff(redis: Redis, workerId: string): Promise<void> {
  await redis.multi().del(keys.worker(workerId)).srem(keys.workers, workerId).exec();
}

/** Workers with a fresh heartbeat, by id. */
export function readWorkers(redis: Redis): Promise<WorkerInfo[]> {
  return guarded(redis, async () => {
    const ids = await redis.smembers(keys.workers);
    if (ids.length === 0) return [];
    const texts = await redis.mget(ids.map(keys.worker));
    const gone = ids.filter((_, i) => texts[i] === null);
    if (gone.length > 0) await redis.srem(keys.workers, gone);
    return texts
      .filter((text) => text !== null)
      .map((text) => JSON.parse(text) as WorkerInfo)
      .sort((a, b) => a.id.localeCompare(b.id));
  });
}

function firstById<T extends { id: string }>(items: T[]): T[] {
  const byId = new Map<string, T>();
  for (const item of items) if (!byId.has(item.id)) byId.set(item.id, item);
  return [...byId.values()];
}
