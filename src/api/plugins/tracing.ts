/** A span for each request, but for those of probes and scrapers; its client's trace goes on where it has one. */
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Span, Tracing } from '../../tracing.ts';

declare module 'fastify' {
  interface FastifyInstance {
    tracing: Tracing | null;
  }
  interface FastifyRequest {
    span: Span | null;
  }
}

export default fp(
  async (fastify) => {
    const { tracing } = fastify;
    fastify.decorateRequest('span', null);
    if (tracing === null) return;

    fastify.addHook('onRequest', async (request) => {
      const { method, routeOptions, trace, id } = request;
      if (routeOptions.logLevel === 'warn') return; // the log leaves them out, too
      const route = routeOptions.url ?? 'unknown'; // the pattern: a path may hold a share link's token
      const attributes = { 'http.request.method': method, 'http.route': route, 'whence.request': id };
      request.span = tracing.span(`${method} ${route}`, { parent: trace?.header, kind: 'server', attributes });
      request.trace = request.span.context;
    });
    fastify.addHook('onResponse', async (request, { statusCode }) => {
      request.span?.set({ 'http.response.status_code': statusCode });
      end(request, statusCode >= 500 ? `status ${statusCode}` : undefined);
    });
    fastify.addHook('onRequestAbort', async (request) => end(request, 'given up by its client'));
    fastify.addHook('onClose', () => tracing.close());
  },
  { name: 'tracing', dependencies: ['request-log'] },
);

function end(request: FastifyRequest, fault?: string): void {
  const { job, model } = request.logged;
  request.span?.set({ ...(job && { 'whence.job': job }), ...(model && { 'whence.model': model }) });
  request.span?.end(fault);
  request.span = null;
}
