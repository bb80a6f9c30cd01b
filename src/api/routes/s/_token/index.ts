/** `/s/{token}`: what `links.share` leads to. The routes that read one job, once more, for whoever has the link. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { Job } from '../../../../contract/job.ts';
import { LIMITS } from '../../../../contract/limits.ts';
import { ref } from '../../../../contract/schema.ts';
import { prefersHtml } from '../../../http/prefers-html.ts';
import { BAD_REQUEST, COMMON, NOT_FOUND } from '../../../openapi/responses.ts';
import { notFound, unknownJob } from '../../../problems.ts';
import events from '../../jobs/_id/events/index.ts';
import heatmap from '../../jobs/_id/heatmap/index.ts';
import result from '../../jobs/_id/result/index.ts';

const TokenParams = Type.Object({
  token: Type.String({
    minLength: 1,
    maxLength: LIMITS.pathParameterCharacters,
    description: 'The last part of `links.share` of a job.',
  }),
});

const schema = {
  operationId: 'getShared',
  tags: ['access'],
  summary: 'A job that was shared',
  description: 'Needs no API key. Browsers are sent on to the heatmap.',
  params: TokenParams,
  response: {
    200: {
      description: 'The job, with links that need no key either.',
      content: { 'application/json': { schema: ref(Job) } },
    },
    303: Type.Null({ description: 'Accepts HTML: on to the heatmap.' }),
    400: BAD_REQUEST,
    404: NOT_FOUND,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { keyring, signer } = fastify;

  fastify.addHook<{ Params: { token: string; id?: string } }>('onRequest', async (request) => {
    const share = signer.open('share', request.params.token);
    if (share === null) {
      throw notFound(
        'The link is not valid: its time is over, the API key that it was made with is no longer in use, or a part of ' +
          'it is missing. Ask for a new one (`links.share` of the job).',
      );
    }
    request.params.id = share.subject;
    request.accessKey = keyring.of(share.key);
    request.shareToken = request.params.token;
  });

  // The schemas of the routes below are those of a job, but for what is in the path.
  fastify.addHook('onRoute', (route) => {
    if (route.schema?.operationId === undefined || route.schema.operationId === schema.operationId) return;
    const operationId = `shared${route.schema.operationId.replace(/^./, (first) => first.toUpperCase())}`;
    route.schema = { ...route.schema, operationId, tags: ['access'], params: TokenParams };
  });

  fastify.get<{ Params: { token: string; id: string } }>('/', { schema }, async (request, reply) => {
    const { id, token } = request.params;
    if (prefersHtml(request)) return reply.redirect(`${request.prefix}/s/${token}/heatmap`, 303);
    const job = await request.jobs.get(id);
    if (job === null) throw unknownJob(id);
    return request.linked(job);
  });
  await fastify.register(result, { prefix: '/result' });
  await fastify.register(heatmap, { prefix: '/heatmap' });
  await fastify.register(events, { prefix: '/events' });
};

export default routes;
