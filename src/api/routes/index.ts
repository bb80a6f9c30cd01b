/** The front door: documentation. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs', 302));

  fastify.get('/openapi.json', { schema: { hide: true } }, async () => fastify.swagger());
};

export default routes;
