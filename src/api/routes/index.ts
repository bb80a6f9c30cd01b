/** The front door: the explorer, and the description of the service. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { served } from '../openapi/served.ts';
import { documentAt, EXPLORER_POLICY } from '../pages/explorer.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.type('text/html; charset=utf-8').header('content-security-policy', EXPLORER_POLICY);
    return reply.send(documentAt(request.prefix));
  });

  fastify.get('/openapi.json', { schema: { hide: true } }, async (request) => {
    await fastify.catalogue.read().catch(() => null); // without it, the document names no methods
    return served(fastify.swagger(), request, '.');
  });
};

export default routes;
