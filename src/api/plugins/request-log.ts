/**
 * One line in the log for each request: what was asked for by whom, and what came of it. No headers and no query (they may
 * hold keys), no bodies, and no link that lets its reader in.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { readTraceparent, type TraceContext } from '../../trace-context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that it belongs to; null: none that its client knows of. */
    trace: TraceContext | null;
    /** What the route adds to the line. */
    logged: { job?: string; model?: string; attribution?: string };
  }
}

export default fp(
  async (fastify) => {
    fastify.decorateRequest('trace', null);
    fastify.decorateRequest('logged');
    fastify.addHook('onRequest', async (request) => {
      request.trace = readTraceparent(request.headers.traceparent);
      request.logged = {};
    });
    fastify.addHook('onResponse', async (request, reply) => {
      request.log.info(line(request, reply), 'request');
    });
    fastify.addHook('onRequestAbort', async (request) => {
      request.log.info(line(request), 'request given up by its client');
    });
  },
  { name: 'request-log' },
);

function line(request: FastifyRequest, reply?: FastifyReply): Record<string, unknown> {
  const { method, url, ip, routeOptions, trace, logged } = request;
  return {
    method,
    path: withoutToken(url.split('?', 1)[0]),
    route: routeOptions.url,
    ...(reply && { status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }),
    client: ip,
    ...(trace && { trace: trace.traceId }),
    ...(request.accessKey && { key: request.accessKey.name }),
    ...idOf(request),
    ...logged,
  };
}

/** The job or batch that the path names. */
function idOf({ params, routeOptions: { url = '' } }: FastifyRequest): { job?: string; batch?: string } {
  const { id } = (params ?? {}) as { id?: string };
  if (id === undefined) return {};
  if (url.startsWith('/jobs/')) return { job: id };
  return url.startsWith('/batches/') ? { batch: id } : {};
}

/** The token of a share link is a permission; a path may hold one anywhere. */
function withoutToken(path: string): string {
  return path.replace(/((?:\/|%2f)s(?:\/|%2f))[^/?%]+/gi, '$1…');
}
