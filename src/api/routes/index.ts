/** The front door: documentation. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { withServer } from '../openapi/server-url.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema: { hide: true } }, async (request, reply) => {
    // A prefix that nobody trusted wrote is not repeated, but a relative path leads there all the same.
    const behindPrefix = request.prefix === '' && request.headers['x-forwarded-prefix'] !== undefined;
    return reply.redirect(behindPrefix ? 'docs/' : `${request.prefix}/docs`, 302);
  });

  fastify.get('/openapi.json', { schema: { hide: true } }, async (request) =>
    withServer(fastify.swagger(), request, '.'),
  );
};

export default routes;
