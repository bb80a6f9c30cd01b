/** Server-sent events, with a comment now and then so that proxies keep idle streams open. */
import { fastifySSE } from '@fastify/sse';
import fp from 'fastify-plugin';

export default fp(
  async (fastify) => {
    await fastify.register(fp(fastifySSE), { heartbeatInterval: 15_000 });
  },
  { name: 'sse' },
);
