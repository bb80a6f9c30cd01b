/** `GET /jobs`: newest first. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { JOB_STATUSES, JobList } from '../../../contract/job.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { ref } from '../../../contract/schema.ts';
import { BAD_REQUEST, COMMON } from '../../openapi/responses.ts';

const Query = Type.Object(
  {
    // Not the schema of the field: its example would be filled in by Swagger UI.
    status: Type.Optional(Type.Enum(JOB_STATUSES, { description: 'Jobs in this state only.' })),
    model: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Jobs of this model only.' })),
    limit: Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 20, description: 'Most jobs on the page.' }),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: '`next_cursor` of the page before.' }),
    ),
  },
  { additionalProperties: false, required: [] },
);

const schema = {
  operationId: 'listJobs',
  tags: ['jobs'],
  summary: 'List jobs, newest first',
  querystring: Query,
  response: {
    200: { description: 'One page.', content: { 'application/json': { schema: ref(JobList) } } },
    400: BAD_REQUEST,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { jobs } = fastify;

  fastify.get('/', { schema }, async (request) => {
    const page = await jobs.list(request.query);
    return { ...page, jobs: page.jobs.map((job) => request.linked(job)) };
  });
};

export default routes;
