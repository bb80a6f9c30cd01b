/** `GET /jobs/{id}/events`: progress, finished columns and the end, as server-sent events. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { JobEvent } from '../../../../../contract/events.ts';
import { BAD_REQUEST, COMMON, JobParams, NOT_FOUND } from '../../../../openapi/responses.ts';
import { unknownJob } from '../../../../problems.ts';

const Headers = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 64,
      pattern: '^[A-Za-z0-9-]*$',
      description: 'Replays what came after this event; browsers send it when they reconnect.',
    }),
  ),
});

const schema = {
  operationId: 'followJob',
  tags: ['jobs'],
  summary: 'Follow a job as it is computed',
  description:
    "Server-sent events: `progress`, `step` (one generated token's finished column) and, last, `done` with the job. Everything that happened before is replayed first.",
  params: JobParams,
  headers: Headers,
  response: {
    200: {
      description: 'A stream of events; `data` is JSON.',
      content: {
        'text/event-stream': {
          schema: Type.Unsafe<JobEvent>({ $ref: 'JobEvent#' }),
          examples: {
            progress: {
              value:
                'id: 7-0\nevent: progress\ndata: {"phase":"attributing","completed":3,"total":12,"fraction":0.25}\n\n',
            },
          },
        },
      },
    },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema, sse: { kind: 'manual' } }, async (request, reply) => {
    const { jobs } = request;
    const { id } = request.params;
    if ((await jobs.get(id)) === null) throw unknownJob(id);
    await reply.streamEvents(`Poll GET /jobs/${id}.`, async function* (signal) {
      for await (const event of jobs.events(id, { after: request.headers['last-event-id'] || undefined, signal })) {
        yield event.event === 'done' ? { ...event, data: request.linked(event.data) } : event;
      }
    });
  });
};

export default routes;
