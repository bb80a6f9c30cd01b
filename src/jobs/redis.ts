/**
 * Connections to Redis and what their errors mean. The URL may hold a password: it is never put into a message or log.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { sentinelsOf } from '../redis-address.ts';
import { StoreUnavailableError } from './jobs.ts';
import { patiently } from './patience.ts';
import { type ScriptedRedis, scripts } from './scripts.ts';
import { checkServer } from './server-check.ts';
import { type Trouble, troubleOf, UNREACHABLE } from './trouble.ts';

/** An answer that takes longer is not waited for: a client gets a clear 503, not a hang. */
export const API_TIMEOUT_MS = 750;

/** What each connection that does not work suffers from. */
const troubles = new WeakMap<Redis, Trouble>();

/** For the API: fails within a second while Redis is away, and works again by itself when it is back. */
export function connectForApi(url: string): ScriptedRedis {
  return prepare(
    connect(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: API_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(50 * times, 500),
      connectionName: 'whence-api',
    }),
  );
}

/**
 * For a worker: what it has to say waits until Redis is back, so that no finished result is lost.
 * @param closing aborts when the worker ends: then this connection, and those that BullMQ makes after its model, give
 * up
 */
export function connectForWorker(url: string, closing: AbortSignal): ScriptedRedis {
  return prepare(
    connect(url, {
      maxRetriesPerRequest: null, // BullMQ asks for this
      connectTimeout: 5_000,
      retryStrategy: (times) => (closing.aborted ? null : Math.min(50 * times, 1_000)),
      connectionName: 'whence-worker',
    }),
  );
}

/** To the server, or to the one that sentinels name, whichever that is at the time. */
function connect(url: string, options: RedisOptions): Redis {
  const sentinels = sentinelsOf(url);
  if (sentinels === null) return new Redis(url, options);
  return new Redis({
    ...options,
    ...sentinels,
    failoverDetector: true, // a primary that hangs keeps its connections: sentinels tell of the next one
    reconnectOnError: (error) => error.message.startsWith('READONLY'), // it is a replica now
    sentinelRetryStrategy: (times) => options.retryStrategy?.(times) ?? null,
  });
}

/** Has the scripts, and remembers why it fails: the commands that fail for it say only that there is no connection. */
function prepare(redis: Redis): ScriptedRedis {
  redis.on('error', (error) => {
    const trouble = troubleOf(error);
    if (trouble !== null) troubles.set(redis, trouble);
  });
  redis.on('ready', () => troubles.delete(redis));
  return scripts.define(redis);
}

/**
 * Logs what becomes of a connection: one line for each trouble, not one for each attempt to connect, and warnings about
 * the server that it leads to. Call what it returns before the connection is closed.
 */
export function logState(redis: Redis, log: Logger): () => void {
  let told: string | null = null;
  const away = () => {
    const { code, reason, remedy } = troubles.get(redis) ?? UNREACHABLE;
    if (code !== told) log.warn({ redis: code }, `Redis ${reason}; waiting for it. ${remedy}`);
    told = code;
  };
  redis.on('error', away);
  redis.on('close', away);
  redis.on('ready', async () => {
    if (told !== null) log.info('Redis is back');
    told = null;
    for (const warning of await checkServer(redis)) log.warn(warning);
  });
  return () => redis.off('error', away).off('close', away);
}

/** Resolves when the connection works, or after `timeoutMs` when it does not yet. */
export async function settle(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, timeoutMs);
    redis.once('ready', done);
    function done(): void {
      clearTimeout(timer);
      redis.off('ready', done);
      resolve();
    }
  });
}

/**
 * Runs `work`, which asks `redis` and changes nothing that matters when it is done twice or late.
 * @throws StoreUnavailableError where the server cannot be reached, is in trouble, or does not answer in time
 */
export async function guarded<T>(redis: Redis, work: () => Promise<T>): Promise<T> {
  try {
    return await patiently(API_TIMEOUT_MS, work);
  } catch (error) {
    const trouble = troubleWith(redis, error);
    throw trouble === null ? error : new StoreUnavailableError(trouble, { cause: error });
  }
}

/** What is wrong with the server of this connection, by an error of one of its commands; null for other errors. */
export function troubleWith(redis: Redis, error: unknown): Trouble | null {
  return troubleOf(error, troubles.get(redis));
}
