/** A worker's presence: what it can do, that it lives, and what it does at the moment. */
import type { Redis } from 'ioredis';
import type { Catalogue } from '../contract/catalogue.ts';
import type { WorkerInfo } from './jobs.ts';
import { heartbeat, publishCatalogue, signOff } from './workers.ts';

/** What the worker says of itself in its heartbeat. */
export type Self = Pick<
  WorkerInfo,
  'id' | 'backend' | 'device' | 'loaded_models' | 'engine_memory_bytes' | 'preloading'
>;

/** Heartbeats that may be missed before a worker is taken for gone. */
const MISSED_BEATS = 3;

interface PresentWorker {
  pool: string;
  beatMs: number;
  self: () => Self;
  busy: () => boolean;
  /** What it computes; null: not known yet. */
  workPerSecond: () => number | null;
}

export class Presence {
  readonly #redis: Redis;
  readonly #pool: string;
  readonly #beatMs: number;
  readonly #self: () => Self;
  readonly #busy: () => boolean;
  readonly #workPerSecond: () => number | null;
  #timer: NodeJS.Timeout | null = null;
  #idleSince: string | null = null;

  constructor(redis: Redis, worker: PresentWorker) {
    this.#redis = redis;
    this.#pool = worker.pool;
    this.#beatMs = worker.beatMs;
    this.#self = worker.self;
    this.#busy = worker.busy;
    this.#workPerSecond = worker.workPerSecond;
  }

  /** Makes known what this worker can do. */
  async publish(catalogue: Catalogue): Promise<void> {
    await publishCatalogue(this.#redis, this.#pool, catalogue);
  }

  /** Makes known what this worker can do, and from now on that it lives. @param onError hears of beats that fail */
  async start(catalogue: Catalogue, onError: (error: unknown) => void): Promise<void> {
    await this.publish(catalogue);
    await this.beat();
    this.#timer = setInterval(() => this.beat().catch(onError), this.#beatMs);
  }

  /** Tells now what would otherwise wait for the next beat. */
  async beat(): Promise<void> {
    if (this.#redis.status !== 'ready') return; // an old heartbeat that waits for Redis would be a lie
    const [busy, last_seen] = [this.#busy(), new Date().toISOString()];
    this.#idleSince = busy ? null : (this.#idleSince ?? last_seen);
    const now = { pool: this.#pool, busy, last_seen, idle_since: this.#idleSince };
    await heartbeat(this.#redis, { ...this.#self(), ...now }, MISSED_BEATS * this.#beatMs, this.#workPerSecond());
  }

  /** No further beat. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async signOff(): Promise<void> {
    await signOff(this.#redis, this.#self().id);
  }
}
