/** `GET /jobs/{id}/heatmap`: one self-contained page. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { isFinal } from '../../../../../contract/job.ts';
import { pagePolicy, toWaitingPage } from '../../../../../results/heatmap.ts';
import { prefersHtml } from '../../../../http/prefers-html.ts';
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

const Query = Type.Object(
  {
    embed: Type.Optional(
      Type.Enum(['0', '1'], {
        description: '`1`: a fragment that another page or a notebook can hold, whose style is its own.',
      }),
    ),
  },
  { additionalProperties: false, required: [] },
);

const schema = {
  operationId: 'getHeatmap',
  tags: ['jobs'],
  summary: 'The attributions of a finished job as a page',
  description:
    'Without scripts it shows the text, the strongest tokens and small matrices; its script, which is part of it, adds the rest. ' +
    'Where `Accept` prefers `text/html`, as browsers do, a job that is not finished has a page, too (202), which shows how ' +
    'far it is and turns into the result, and problems are told as pages.',
  params: JobParams,
  querystring: Query,
  response: {
    200: { description: 'One self-contained HTML page.', content: { 'text/html': { schema: Type.String() } } },
    202: { description: 'A page that waits for the job.', content: { 'text/html': { schema: Type.String() } } },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    409: NOT_FINISHED,
    410: GONE,
    413: TOO_LARGE,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get<{ Params: Type.Static<typeof JobParams>; Querystring: Type.Static<typeof Query> }>(
    '/',
    { schema },
    async (request, reply) => {
      const { id } = request.params;
      reply.header('vary', 'accept');
      const job = prefersHtml(request) ? await request.jobs.get(id) : null;
      if (job !== null && !isFinal(job.status)) {
        reply
          .code(202)
          .type(HTML)
          .header('content-security-policy', pagePolicy({ connects: true }));
        return reply.send(toWaitingPage(job));
      }
      const packed = await finishedResult(request.jobs, id, 'html');
      const format = request.query.embed === '1' ? 'embed' : 'html';
      return sendResult(request, reply, packed, { id, format, width: null });
    },
  );
};

const HTML = 'text/html; charset=utf-8';

export default routes;
