/** An optional limit of requests a minute for each client. */
import rateLimit from '@fastify/rate-limit';
import fp from 'fastify-plugin';

export default fp(
  async (fastify) => {
    const { rateLimitPerMinute } = fastify.context.settings;
    if (rateLimitPerMinute === 0) return;
    await fastify.register(rateLimit, {
      max: rateLimitPerMinute,
      timeWindow: '1 minute',
      cache: 10_000, // clients remembered
      allowList: (request) => request.url.startsWith('/health/'),
      errorResponseBuilder: (_request, { max, ttl }) =>
        Object.assign(new Error(`at most ${max} requests a minute are answered; go on in ${Math.ceil(ttl / 1000)} s`), {
          statusCode: 429,
        }),
    });
  },
  { name: 'rate-limit', dependencies: ['api-keys'] },
);
