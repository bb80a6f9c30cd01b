/** `GET /metrics`, for Prometheus. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { FORBIDDEN, UNAUTHORIZED } from '../../openapi/responses.ts';

const schema = {
  operationId: 'metrics',
  tags: ['operation'],
  summary: 'Metrics of this process, the queue and the workers',
  response: {
    200: {
      description: "Prometheus's text format. `whence_store_up` is 0 while Redis does not answer.",
      content: { 'text/plain': { schema: Type.String() } },
    },
    401: UNAUTHORIZED,
    403: FORBIDDEN,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  // scrapers ask every few seconds: their requests are not logged
  fastify.get('/', { schema, logLevel: 'warn' }, async (_request, reply) =>
    reply.type(fastify.metrics.contentType).send(await fastify.metrics.render()),
  );
};

export default routes;
