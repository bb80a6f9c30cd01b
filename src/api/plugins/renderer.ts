/** The threads that render large results, as `fastify.renderer`; they end with the API. */
import fp from 'fastify-plugin';
import { Renderer } from '../results/renderer.ts';

declare module 'fastify' {
  interface FastifyInstance {
    renderer: Renderer;
  }
}

export default fp(
  async (fastify) => {
    const renderer = new Renderer();
    fastify.decorate('renderer', { getter: () => renderer });
    fastify.addHook('onClose', () => renderer.close());
  },
  { name: 'renderer' },
);
