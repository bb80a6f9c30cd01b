/** `GET /jobs/{id}/events`: progress, finished columns and the end, as server-sent events. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { JobEvent } from '../../../../../contract/events.ts';
import { disconnected } from '../../../../http/disconnect.ts';
import { BAD_REQUEST, COMMON, JobParams, NOT_FOUND } from '../../../../openapi/responses.ts';
import { unavailable, unknownJob } from '../../../../problems.ts';

/** Event streams that this process keeps open at most. */
const MAX_STREAMS = 1_000;

/** Milliseconds after which a client that lost the connection comes back. */
const RECONNECT = 2_000;

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
  const { jobs, eventStreams } = fastify;

  fastify.get('/', { schema, sse: { kind: 'manual' } }, async (request, reply) => {
    const { id } = request.params;
    if ((await jobs.get(id)) === null) throw unknownJob(id);
    if (eventStreams.open >= MAX_STREAMS)
      throw unavailable(
        'too-many-streams',
        `This process keeps ${MAX_STREAMS} event streams open and takes no more. Poll GET /jobs/${id}.`,
        10,
      );
    eventStreams.open++;
    const signal = disconnected(reply);
    try {
      reply.sse.sendHeaders(200); // at once: the client sees that the stream is open
      await reply.sse.send({ retry: RECONNECT, data: undefined });
      for await (const event of jobs.events(id, { after: request.headers['last-event-id'] || undefined, signal })) {
        if (!reply.sse.isConnected) break;
        const data = event.event === 'done' ? request.linked(event.data) : event.data;
        await reply.sse.send({ id: event.id, event: event.event, data });
      }
    } catch (error) {
      // the answer is under way: all that can be done is to close it; the client returns with Last-Event-ID
      if (!signal.aborted) request.log.warn({ err: error }, 'event stream ended early');
    } finally {
      eventStreams.open--;
    }
  });
};

export default routes;
