/** Builds Fastify and listens. */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { LIMITS } from '../contract/limits.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { app } from './app.ts';
import { type ApiSettings, CatalogueReader } from './context.ts';
import type { TokenCounter } from './validation/lengths.ts';

export interface AppParts {
  settings: ApiSettings;
  jobs: Jobs;
  tokens: TokenCounter;
}

/** The API on `jobs`, not listening yet: tests use `inject`. Closing it leaves `jobs` open. */
export async function buildApp({ settings, jobs, tokens }: AppParts): Promise<FastifyInstance> {
  const server = fastify({
    logger:
      settings.logLevel === 'silent'
        ? false
        : { level: settings.logLevel, redact: ['req.headers.authorization', 'req.headers["x-api-key"]'] },
    genReqId: () => randomUUID(),
    bodyLimit: LIMITS.bodyBytes,
    trustProxy: settings.trustProxy,
    requestTimeout: 30_000, // to receive a request: slow writers do not hold sockets
    forceCloseConnections: true, // event streams must not keep a stopping server alive
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
  });
  await server.register(fp(app), { settings, jobs, tokens, catalogue: new CatalogueReader(jobs) });
  await server.ready();
  return server;
}
