/** Server-sent events, with a comment now and then so that proxies keep idle streams open. */
import { fastifySSE } from '@fastify/sse';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    /** Event streams that are open in this process. */
    eventStreams: { open: number };
  }
}

export default fp(
  async (fastify) => {
    fastify.decorate('eventStreams', { open: 0 });
    await fastify.register(fp(fastifySSE), { heartbeatInterval: 15_000 });
  },
  { name: 'sse' },
);
