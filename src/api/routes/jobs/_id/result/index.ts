/** `GET /jobs/{id}/result`: as JSON, as Inseq's JSON, as CSV, as text for a terminal, as a page. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { BAD_REQUEST, COMMON, JobParams } from '../../../../openapi/responses.ts';
import { RESULT_CONTENT, RESULT_ERRORS } from '../../../../openapi/result-content.ts';
import { finishedResult } from '../../../../results/finished.ts';
import { acceptedFormat, FORMATS } from '../../../../results/formats.ts';
import { sendResult } from '../../../../results/send.ts';

const Query = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(FORMATS, {
        description:
          '`json`: the Result; `inseq`: what `inseq.FeatureAttributionOutput.load` reads; `csv`: one row for each score; ' +
          '`text`: tables for a terminal; `html`: the page of `/heatmap`. Left out: what `Accept` asks for, else `json`.',
      }),
    ),
    width: Type.Optional(
      Type.Integer({
        minimum: 20,
        maximum: 10_000,
        description: '`text`: characters of a line; wider tables continue in blocks below.',
      }),
    ),
  },
  { additionalProperties: false, required: [] },
);

const schema = {
  operationId: 'getResult',
  tags: ['jobs'],
  summary: 'The attributions of a finished job',
  params: JobParams,
  querystring: Query,
  response: {
    200: { description: 'The result.', content: RESULT_CONTENT },
    400: BAD_REQUEST,
    ...RESULT_ERRORS,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get<{ Params: Type.Static<typeof JobParams>; Querystring: Type.Static<typeof Query> }>(
    '/',
    { schema },
    async (request, reply) => {
      const { id } = request.params;
      const { format = acceptedFormat(request), width = null } = request.query;
      reply.header('vary', 'accept');
      return sendResult(request, reply, await finishedResult(request.jobs, id, format), { id, format, width });
    },
  );
};

export default routes;
