/** An optional limit of requests a minute for each client; guesses of keys and unknown paths count like all others. */
import rateLimit from '@fastify/rate-limit';
import fp from 'fastify-plugin';

export default fp(
  async (fastify) => {
    const { rateLimitPerMinute } = fastify.settings;
    if (rateLimitPerMinute === 0) return;
    await fastify.register(rateLimit, {
      // The plug-in's own hooks are those of routes, which run after all others and not for paths without a route.
      global: false,
      max: rateLimitPerMinute,
      timeWindow: '1 minute',
      cache: 10_000, // clients remembered
      allowList: (request) => request.url.startsWith('/health/'),
      errorResponseBuilder: (_request, { max, ttl }) =>
        Object.assign(new Error(`at most ${max} requests a minute are answered; go on in ${Math.ceil(ttl / 1000)} s`), {
          statusCode: 429,
        }),
    });
    fastify.addHook('onRequest', fastify.rateLimit());
  },
  { name: 'rate-limit' },
);
