/** API keys: `Authorization: Bearer KEY` or `X-API-Key: KEY`. Health checks and documentation stay open. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiProblem } from '../problems.ts';

const OPEN = /^\/($|\?|docs(\/|\?|$)|health\/|openapi\.json)/;

export default fp(
  async (fastify) => {
    const keys = fastify.settings.apiKeys.map(digest);
    if (keys.length === 0) return;

    fastify.addHook('onRequest', async (request) => {
      if (OPEN.test(request.url)) return;
      const given = keyOf(request);
      if (given === undefined)
        throw unauthorized('This service needs an API key: send `Authorization: Bearer KEY` or `X-API-Key: KEY`.');
      const hash = digest(given);
      // every key is compared, in constant time, so that timing tells nothing about any of them
      const known = keys.reduce((found, key) => timingSafeEqual(key, hash) || found, false);
      if (!known) throw unauthorized('The API key is not known to this service.');
    });
  },
  { name: 'api-keys' },
);

function keyOf({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const header = headers['x-api-key'];
  return bearer ?? (Array.isArray(header) ? header[0] : header);
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest(); // equal lengths, as timingSafeEqual needs
}

function unauthorized(detail: string): ApiProblem {
  return new ApiProblem('unauthorized', 'API key missing or unknown', 401, detail, {
    headers: { 'www-authenticate': 'Bearer realm="whence"' },
  });
}
