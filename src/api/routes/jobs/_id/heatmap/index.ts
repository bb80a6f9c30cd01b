/** `GET /jobs/{id}/heatmap`: one self-contained page. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import {
  BAD_REQUEST,
  COMMON,
  GONE,
  JobParams,
  NOT_FINISHED,
  NOT_FOUND,
  TOO_LARGE,
} from '../../../../openapi/responses.ts';
import { finishedResult } from '../../../../results/finished.ts';
import { sendResult } from '../../../../results/send.ts';

const schema = {
  operationId: 'getHeatmap',
  tags: ['jobs'],
  summary: 'The attributions of a finished job as a page',
  params: JobParams,
  response: {
    200: { description: 'One self-contained HTML page.', content: { 'text/html': { schema: Type.String() } } },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    409: NOT_FINISHED,
    410: GONE,
    413: TOO_LARGE,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema }, async (request, reply) => {
    const { id } = request.params;
    const packed = await finishedResult(fastify.jobs, id, 'html');
    return sendResult(request, reply, packed, { id, format: 'html', width: null });
  });
};

export default routes;
