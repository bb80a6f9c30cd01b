/** Connections to Redis and what their errors mean. The URL may hold a password: it is never put into a message or log. */
import { Redis } from 'ioredis';
import { StoreUnavailableError } from './jobs.ts';

/** A command of the API that takes longer has failed: a client gets a clear 503, not a hang. */
const API_TIMEOUT_MS = 750;

/** For the API: fails within a second while Redis is away, and works again by itself when it is back. */
export function connectForApi(url: string): Redis {
  return watch(
    new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: API_TIMEOUT_MS,
      connectTimeout: API_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(50 * times, 500),
      connectionName: 'whence-api',
    }),
  );
}

/**
 * For a worker: what it has to say waits until Redis is back, so that no finished result is lost.
 * @param closing aborts when the worker ends: then this connection, and those that BullMQ makes after its model, give up
 */
export function connectForWorker(url: string, closing: AbortSignal): Redis {
  return watch(
    new Redis(url, {
      maxRetriesPerRequest: null, // BullMQ asks for this
      connectTimeout: 5_000,
      retryStrategy: (times) => (closing.aborted ? null : Math.min(50 * times, 1_000)),
      connectionName: 'whence-worker',
    }),
  );
}

// Connection errors reach the caller of the command that fails; the emitter would crash the process without a listener.
function watch(redis: Redis): Redis {
  return redis.on('error', () => {});
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

/** Runs `work` and turns errors of the connection or of a server in trouble into StoreUnavailableError. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unavailable(error) ?? error;
  }
}

/** Replies of a server that is loading, full, read-only, or refuses us. */
const TROUBLE = /^(LOADING|OOM|MISCONF|READONLY|NOAUTH|WRONGPASS|NOPERM|MASTERDOWN|NOREPLICAS|BUSY|CLUSTERDOWN)\b/;
const DISCONNECTED =
  /Stream isn't writeable|Command timed out|Connection is closed|max retries per request|connect ETIMEDOUT|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|Socket closed/i;

function unavailable(error: unknown): StoreUnavailableError | null {
  if (!(error instanceof Error)) return null;
  const trouble = TROUBLE.exec(error.message);
  if (trouble) return new StoreUnavailableError(`Redis answers ${trouble[1]}`, { cause: error });
  if (DISCONNECTED.test(error.message)) return new StoreUnavailableError('Redis cannot be reached', { cause: error });
  return null;
}
