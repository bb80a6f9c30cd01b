/** The API as one plugin: what every route shares (plugins/), and the routes (routes/, folder = URL). */
import { join } from 'node:path';
import accepts from '@fastify/accepts';
import autoload from '@fastify/autoload';
import type { FastifyInstance } from 'fastify';
import { type AppParts, decorate } from './capabilities.ts';
import access from './plugins/access.ts';
import caching from './plugins/caching.ts';
import compression from './plugins/compression.ts';
import json from './plugins/json.ts';
import links from './plugins/links.ts';
import metrics from './plugins/metrics.ts';
import notFound from './plugins/not-found.ts';
import prefix from './plugins/prefix.ts';
import problems from './plugins/problems.ts';
import rateLimit from './plugins/rate-limit.ts';
import renderer from './plugins/renderer.ts';
import requestId from './plugins/request-id.ts';
import requestLog from './plugins/request-log.ts';
import securityHeaders from './plugins/security-headers.ts';
import sse from './plugins/sse.ts';
import swagger from './plugins/swagger.ts';
import tenants from './plugins/tenants.ts';
import tracing from './plugins/tracing.ts';
import validation from './plugins/validation.ts';

/**
 * In the order in which their hooks see a request: every answer, refusals included, has its id and the security headers, and
 * a request counts against the rate limit before its key is looked at.
 */
const PLUGINS = [
  problems,
  requestId,
  requestLog,
  tracing,
  securityHeaders,
  caching,
  metrics,
  rateLimit,
  prefix,
  access,
  tenants,
  links,
  json,
  validation,
  notFound,
  sse,
  accepts,
  compression,
  renderer,
  swagger,
];

export async function app(fastify: FastifyInstance, parts: AppParts): Promise<void> {
  decorate(fastify, parts);
  for (const plugin of PLUGINS) await fastify.register(plugin);
  // Where the sources run as they are, autoload does not notice tsx when it comes by `--import`.
  if (import.meta.filename.endsWith('.ts')) process.env.FASTIFY_AUTOLOAD_TYPESCRIPT ??= '1';
  await fastify.register(autoload, {
    dir: join(import.meta.dirname, 'routes'),
    forceESM: true,
    routeParams: true,
    dirNameRoutePrefix: true,
  });
}
