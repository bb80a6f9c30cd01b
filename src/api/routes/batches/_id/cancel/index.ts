/** `POST /batches/{id}/cancel`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Batch } from '../../../../../contract/batch.ts';
import { ref } from '../../../../../contract/schema.ts';
import { BAD_REQUEST, BatchParams, COMMON, UNKNOWN_BATCH } from '../../../../openapi/responses.ts';
import { unknownBatch } from '../../../../problems.ts';

const schema = {
  operationId: 'cancelBatch',
  tags: ['batches'],
  summary: 'Cancel a batch',
  description: 'What its lines have come to so far is kept. A batch that has ended stays as it is.',
  params: BatchParams,
  response: {
    202: {
      description: 'The batch; its status is `canceled`.',
      content: { 'application/json': { schema: ref(Batch) } },
    },
    400: BAD_REQUEST,
    404: UNKNOWN_BATCH,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.post('/', { schema }, async (request, reply) => {
    const { id } = request.params;
    const batch = await request.batches.cancel(id);
    if (batch === null) throw unknownBatch(id);
    return reply.code(202).send(request.linkedBatch(batch));
  });
};

export default routes;
