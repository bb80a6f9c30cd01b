/** `GET` and `DELETE /batches/{id}`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { Batch } from '../../../../contract/batch.ts';
import { ref } from '../../../../contract/schema.ts';
import { BAD_REQUEST, BatchParams, COMMON, UNKNOWN_BATCH } from '../../../openapi/responses.ts';
import { unknownBatch } from '../../../problems.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const show = {
    operationId: 'getBatch',
    tags: ['batches'],
    summary: 'How far is a batch?',
    params: BatchParams,
    response: {
      200: { description: 'The batch.', content: { 'application/json': { schema: ref(Batch) } } },
      400: BAD_REQUEST,
      404: UNKNOWN_BATCH,
      ...COMMON,
    },
  };
  fastify.get('/', { schema: show }, async (request) => {
    const { id } = request.params;
    const batch = await request.batches.get(id);
    if (batch === null) throw unknownBatch(id);
    return request.linkedBatch(batch);
  });

  const remove = {
    operationId: 'deleteBatch',
    tags: ['batches'],
    summary: 'Cancel a batch if needed, and forget it, its lines and its results',
    params: BatchParams,
    response: { 204: Type.Null({ description: 'Forgotten.' }), 400: BAD_REQUEST, 404: UNKNOWN_BATCH, ...COMMON },
  };
  fastify.delete('/', { schema: remove }, async (request, reply) => {
    const { id } = request.params;
    if (!(await request.batches.remove(id))) throw unknownBatch(id);
    return reply.code(204).send(null);
  });
};

export default routes;
