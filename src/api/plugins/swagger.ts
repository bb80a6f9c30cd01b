/** OpenAPI 3.1 out of the routes' schemas, and Swagger UI with its own assets, so that it works without the internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { VERSION } from '../../version.ts';
import { DESCRIPTION, TAGS } from '../openapi/documentation.ts';
import { withServer } from '../openapi/server-url.ts';

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
      // Where no key is asked for, nothing has a padlock.
      transformSpecification: (document, request) =>
        withServer(fastify.keys.length === 0 ? { ...document, security: [] } : document, request, '..'),
      transformSpecificationClone: false,
      uiHooks: { onRequest: behindPrefix },
      uiConfig: {
        tryItOutEnabled: true,
        displayRequestDuration: true,
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
      },
      theme: { title: 'Whence', css: [{ filename: 'whence.css', content: '.swagger-ui .topbar{display:none}' }] },
    });
  },
  { name: 'swagger', dependencies: ['access', 'security-headers', 'validation'] },
);

/** Behind a proxy that takes a prefix away, the page that loads its files by relative paths is the one at `docs/`. */
async function behindPrefix(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const isPage = /^\/docs(\?|$)/.test(request.url);
  if (isPage && request.headers['x-forwarded-prefix'] !== undefined) return reply.redirect('docs/', 302);
  return undefined;
}

interface PathItem {
  post?: { requestBody?: { content?: Record<string, object> } };
}

/** Paths in alphabetical order, whatever order the folders were read in, and with the examples of their bodies. */
function finished<T extends { paths?: object }>(document: T, bodyExamples: Map<string, object>): T {
  const paths = Object.entries<PathItem>({ ...document.paths }).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, { post }] of paths) {
    const json = post?.requestBody?.content?.['application/json'];
    if (json !== undefined) Object.assign(json, { examples: bodyExamples.get(path) });
  }
  return { ...document, paths: Object.fromEntries(paths) };
}

function withoutSlash(url: string): string {
  return url.replace(/(.)\/$/, '$1');
}
