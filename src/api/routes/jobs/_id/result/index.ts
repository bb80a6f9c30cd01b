/** `GET /jobs/{id}/result`: as JSON, as Inseq's JSON, as CSV, as text for a terminal. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { Result } from '../../../../../contract/result.ts';
import { ref } from '../../../../../contract/schema.ts';
import { toCsv } from '../../../../../results/csv.ts';
import { toText } from '../../../../../results/text.ts';
import { BAD_REQUEST, COMMON, GONE, JobParams, NOT_FINISHED, NOT_FOUND } from '../../../../openapi/responses.ts';
import { finishedResult } from '../../../../results/finished.ts';

const Query = Type.Object(
  {
    format: Type.Enum(['json', 'inseq', 'csv', 'text'], {
      default: 'json',
      description:
        '`json`: the Result; `inseq`: what `inseq.FeatureAttributionOutput.load` reads; `csv`: one row for each score; ' +
        '`text`: tables for a terminal.',
    }),
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
    200: {
      description: 'The result.',
      content: {
        'application/json': { schema: ref(Result) },
        'text/csv': { schema: Type.String() },
        'text/plain': { schema: Type.String() },
      },
    },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    409: NOT_FINISHED,
    410: GONE,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { jobs } = fastify;

  fastify.get<{ Params: Type.Static<typeof JobParams>; Querystring: Type.Static<typeof Query> }>(
    '/',
    { schema },
    async (request, reply) => {
      const { id } = request.params;
      const { format } = request.query;
      const bytes = await finishedResult(jobs, id, format === 'inseq' ? 'inseq' : 'json');
      if (format === 'json' || format === 'inseq') return reply.type('application/json').send(bytes);
      const result: Result = JSON.parse(bytes.toString());
      if (format === 'text') return reply.type('text/plain; charset=utf-8').send(toText(result));
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="whence-${id}.csv"`)
        .send(toCsv(result));
    },
  );
};

export default routes;
