/** JSON bodies: bounded, strict, without duplicate keys. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { parseJson } from '../../requests/parse-json.ts';
import { readBody } from '../body/read.ts';
import { refuseEncoding } from '../http/encoding.ts';

export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers(); // plain text too: 415
    fastify.addContentTypeParser('application/json', async (request: FastifyRequest) => {
      refuseEncoding(request.headers['content-encoding']);
      const text = await readBody(request.raw);
      if (text.trim() === '') return undefined; // POST /jobs/{id}/cancel has no body; others say what is missing
      await setImmediate(); // reading, parsing and checking are each one piece of work; others go on between them
      return parseJson(text);
    });
  },
  { name: 'json' },
);
