import { join } from 'node:path';
import autoload from '@fastify/autoload';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';

// the sources run as they are, through tsx, which autoload does not notice when it comes by `--import`
process.env.FASTIFY_AUTOLOAD_TYPESCRIPT ??= '1';

/** The API as one plugin: what every route shares (plugins/), and the routes (routes/, folder = URL). */
export async function app(fastify: FastifyInstance, context: ApiContext): Promise<void> {
  fastify.decorate('context', context);
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins'), forceESM: true });
  await fastify.register(autoload, {
    dir: join(import.meta.dirname, 'routes'),
    forceESM: true,
    routeParams: true,
    dirNameRoutePrefix: true,
  });
}
