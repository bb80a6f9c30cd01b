/** Requests that arrive slowly: sockets are not held for them. */
import { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { refuseConnection } from './client-errors.ts';

/** Within so long a request has arrived, */
export const REQUEST_MS = 30_000;
/** and within so long the lines of a batch, where they do not stop for REQUEST_MS. */
export const UPLOAD_MS = 15 * 60_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is read piece by piece, by a route that ends one that stops. */
    streamsBody?: boolean;
  }
}

/** A hook: answers 408 where the body has not arrived in time, as Node does where one time is right for all requests. */
export async function refuseSlowRequest({ raw, routeOptions }: FastifyRequest): Promise<void> {
  const { headers, socket } = raw;
  if (!(socket instanceof Socket)) return; // a request that tests inject
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (!hasBody || routeOptions.config?.streamsBody === true) return;
  const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  const timer = setTimeout(() => refuseConnection(late, socket), REQUEST_MS);
  const inTime = (): void => clearTimeout(timer);
  raw.once('end', inTime).once('close', inTime);
}
