/** What belongs to a client is kept by no cache: jobs, results, events, problems. The documentation's own files may be. */
import fp from 'fastify-plugin';

/** Beside the documentation: event streams, whose plug-in says `no-cache`. */
const OTHERS = /^\/(docs(\/|\?|$)|openapi\.json|(jobs|s)\/[^/?]+\/events)/;

export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', async (request, reply) => {
      if (!OTHERS.test(request.url)) reply.header('cache-control', 'no-store');
    });
  },
  { name: 'caching' },
);
