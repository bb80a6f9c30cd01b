/** `GET /batches/{id}/events`: how far a batch is, as server-sent events. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { BatchEvent, isEndedBatch } from '../../../../../contract/batch.ts';
import { ref } from '../../../../../contract/schema.ts';
import { BAD_REQUEST, BatchParams, COMMON, UNKNOWN_BATCH } from '../../../../openapi/responses.ts';
import { unknownBatch } from '../../../../problems.ts';

const schema = {
  operationId: 'followBatch',
  tags: ['batches'],
  summary: 'Follow a batch as its lines end',
  description:
    'Server-sent events: `progress` with the batch each time that lines have ended, at most a few times a second, and, last, ' +
    '`done` with the batch. A client that comes back gets how it stands.',
  params: BatchParams,
  response: {
    200: {
      description: 'A stream of events; `data` is JSON.',
      content: { 'text/event-stream': { schema: ref(BatchEvent) } },
    },
    400: BAD_REQUEST,
    404: UNKNOWN_BATCH,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema, sse: { kind: 'manual' } }, async (request, reply) => {
    const { batches } = request;
    const { id } = request.params;
    if ((await batches.get(id)) === null) throw unknownBatch(id);
    await reply.streamEvents(`Poll GET /batches/${id}.`, async function* (signal) {
      for await (const batch of batches.changes(id, signal)) {
        yield { event: isEndedBatch(batch.status) ? 'done' : 'progress', data: request.linkedBatch(batch) };
      }
    });
  });
};

export default routes;
