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
  {
    // Fields of `metadata`, as `metadata.NAME`: the document tells of them in words.
    patternProperties: {
      [`^metadata\\.[^]{1,${LIMITS.metadataNameCharacters}}$`]: {
        type: 'string',
        maxLength: LIMITS.metadataValueCharacters,
      },
    },
    additionalProperties: false,
    required: [],
  },
);

const schema = {
  operationId: 'listJobs',
  tags: ['jobs'],
  summary: 'List jobs, newest first',
  description:
    '`metadata.NAME=TEXT` in the query leaves those whose metadata has this text under this name, as in ' +
    '`/jobs?metadata.team=search`; several must all be there. A page may then be short and still have a `next_cursor`.',
  querystring: Query,
  response: {
    200: { description: 'One page.', content: { 'application/json': { schema: ref(JobList) } } },
    400: BAD_REQUEST,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema }, async (request) => {
    const { status, model, limit, cursor } = request.query;
    const page = await request.jobs.list({ status, model, metadata: metadataOf(request.query), limit, cursor });
    return { ...page, jobs: page.jobs.map((job) => request.linked(job)) };
  });
};

const METADATA = 'metadata.';

function metadataOf(query: object): Record<string, string> {
  const named = Object.entries(query).filter(([name]) => name.startsWith(METADATA));
  return Object.fromEntries(named.map(([name, text]) => [name.slice(METADATA.length), String(text)]));
}

export default routes;
