/** OpenAPI 3.1 out of the routes' schemas, and Swagger UI with its own assets, so that it works without the internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { VERSION } from '../../version.ts';
import { DESCRIPTION, TAGS } from '../openapi/documentation.ts';
import { served } from '../openapi/served.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Examples of the body, by name, for the documentation. */
    bodyExamples?: object;
  }
}

export default fp(
  async (fastify) => {
    const bodyExamples = new Map<string, object>();
    fastify.addHook('onRoute', ({ url, config }) => {
      if (config?.bodyExamples !== undefined) bodyExamples.set(withoutSlash(url), config.bodyExamples);
    });
    await fastify.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Whence',
          version: VERSION,
          description: DESCRIPTION,
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/' }],
        tags: TAGS,
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: 'An API key, where the operator has set some.' },
            api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          },
        },
        security: [{}, { bearer: [] }, { api_key: [] }],
      },
      transformObject: (document) => finished('openapiObject' in document ? document.openapiObject : {}, bodyExamples),
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) =>
          typeof json.$id === 'string' ? json.$id : `def-${index}`,
      },
    });
    await fastify.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      transformSpecification: (document, request) => served(document, request, '..'),
      transformSpecificationClone: false,
      uiHooks: { onRequest: beforePage },
      uiConfig: {
        tryItOutEnabled: true,
        displayRequestDuration: true,
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
        layout: 'BaseLayout', // without a bar for other documents
      },
      theme: { title: 'Whence · API', favicon: [FAVICON] },
    });
  },
  { name: 'swagger', dependencies: ['access', 'security-headers', 'validation'] },
);

const FAVICON = {
  filename: 'favicon.svg',
  rel: 'icon',
  type: 'image/svg+xml',
  sizes: 'any',
  content:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#a8321b"/>' +
    '<path d="M6 9l5 14 5-12 5 12 5-14" fill="none" stroke="#fff" stroke-width="3" stroke-linejoin="round"/></svg>',
};

/**
 * Behind a proxy that takes a prefix away, the page that loads its files by relative paths is the one at `docs/`. The
 * document that the page shows names what the workers have.
 */
async function beforePage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (request.url.startsWith('/docs/json')) await request.server.catalogue.read().catch(() => null);
  const isPage = /^\/docs(\?|$)/.test(request.url);
  if (isPage && request.headers['x-forwarded-prefix'] !== undefined) return reply.redirect('docs/', 302);
  return undefined;
}

/** Paths whose operations need no API key. */
const OPEN = /^\/(health\/|session$|s\/)/;

interface PathItem {
  post?: { requestBody?: { content?: Record<string, object> } };
}

/** Paths in alphabetical order, whatever order the folders were read in, and with the examples of their bodies. */
function finished<T extends { paths?: object }>(document: T, bodyExamples: Map<string, object>): T {
  const paths = Object.entries<PathItem>({ ...document.paths }).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, item] of paths) {
    if (OPEN.test(path)) for (const operation of Object.values(item)) Object.assign(operation, { security: [] });
    const { post } = item;
    const json = post?.requestBody?.content?.['application/json'];
    if (json !== undefined) Object.assign(json, { examples: bodyExamples.get(path) });
  }
  return { ...document, paths: Object.fromEntries(paths) };
}

function withoutSlash(url: string): string {
  return url.replace(/(.)\/$/, '$1');
}
