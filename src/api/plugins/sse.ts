/** Server-sent events, with a comment now and then so that proxies keep idle streams open. */
import { fastifySSE } from '@fastify/sse';
import type { FastifyReply } from 'fastify';
import fp from 'fastify-plugin';
import { disconnected } from '../http/disconnect.ts';
import { unavailable } from '../problems.ts';

interface SentEvent {
  id?: string;
  event: string;
  data: unknown;
}

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Sends events until they end or the client leaves.
     * @param otherwise - for a client that there is no room for: a sentence about the other way
     * @param events - are ended when the signal aborts
     * @throws ApiProblem 503 where as many streams are open as may be
     */
    streamEvents(otherwise: string, events: (signal: AbortSignal) => AsyncIterable<SentEvent>): Promise<void>;
  }
}

/** Event streams that this process keeps open at most. */
const MAX_STREAMS = 1_000;
/** Milliseconds after which a client that lost the connection comes back. */
const RECONNECT = 2_000;

export default fp(
  async (fastify) => {
    await fastify.register(fp(fastifySSE), { heartbeatInterval: 15_000 });
    let open = 0;

    fastify.decorateReply('streamEvents', async function streamEvents(this: FastifyReply, otherwise, events) {
      if (open >= MAX_STREAMS) {
        const detail = `This process keeps ${MAX_STREAMS} event streams open and takes no more. ${otherwise}`;
        throw unavailable('too-many-streams', detail, 10);
      }
      open++;
      const signal = disconnected(this);
      try {
        this.sse.sendHeaders(200); // at once: the client sees that the stream is open
        await this.sse.send({ retry: RECONNECT, data: undefined });
        for await (const event of events(signal)) {
          if (!this.sse.isConnected) break;
          await this.sse.send(event);
        }
      } catch (error) {
        // the answer is under way: all that can be done is to close it; the client comes back
        if (!signal.aborted) this.request.log.warn({ err: error }, 'event stream ended early');
      } finally {
        open--;
      }
    });
  },
  { name: 'sse' },
);
