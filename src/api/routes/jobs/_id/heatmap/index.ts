/** `GET /jobs/{id}/heatmap`: one self-contained page. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Result } from '../../../../../contract/result.ts';
import { toHeatmap } from '../../../../../results/heatmap.ts';
import { COMMON, GONE, JobParams, NOT_FINISHED, NOT_FOUND } from '../../../../openapi/responses.ts';
import { finishedResult } from '../../../../results/finished.ts';

/** The page carries its style and script within; it may load nothing and send nothing. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const schema = {
  operationId: 'getHeatmap',
  tags: ['jobs'],
  summary: 'The attributions of a finished job as a page',
  params: JobParams,
  response: {
    200: { description: 'One self-contained HTML page.', content: { 'text/html': { schema: Type.String() } } },
    404: NOT_FOUND,
    409: NOT_FINISHED,
    410: GONE,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { jobs } = fastify;

  fastify.get('/', { schema }, async ({ params: { id } }, reply) => {
    const result: Result = JSON.parse((await finishedResult(jobs, id, 'json')).toString());
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .send(toHeatmap(result));
  });
};

export default routes;
