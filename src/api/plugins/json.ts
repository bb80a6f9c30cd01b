/** JSON bodies: bounded, strict, and with duplicate keys refused, because of two values one would silently be lost. */
import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import secureJson from 'secure-json-parse';
import { showName } from '../../validation/show.ts';
import { duplicateKey } from '../body/duplicate-keys.ts';
import { readBody } from '../body/read.ts';
import { ApiProblem } from '../problems.ts';

export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers(); // plain text too: 415
    fastify.addContentTypeParser('application/json', async (request: FastifyRequest) => {
      refuseEncoding(request.headers['content-encoding']);
      const text = await readBody(request.raw);
      if (text.trim() === '') return undefined; // POST /jobs/{id}/cancel has no body; others say what is missing
      await setImmediate(); // reading, parsing and checking are each one piece of work; others go on between them
      const body = parse(text);
      await setImmediate();
      const duplicate = duplicateKey(text);
      if (duplicate === null) return body;
      throw brokenJson(
        `The field "${showName(duplicate.key)}" occurs twice in one object (line ${duplicate.line}): keep one of them.`,
      );
    });
  },
  { name: 'json' },
);

/** Compressed bodies are not unpacked: their size is known only afterwards. */
function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new ApiProblem(
    'unsupported-media-type',
    'Unsupported content encoding',
    415,
    `The body is sent with \`Content-Encoding: ${showName(encoding)}\`, and only uncompressed bodies are read: ` +
      'send it as it is, without this header.',
    { headers: { 'accept-encoding': 'identity' } },
  );
}

function parse(text: string): unknown {
  try {
    return secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw brokenJson(`The body is not valid JSON: ${error instanceof Error ? error.message : error}.`);
  }
}

function brokenJson(detail: string): ApiProblem {
  return new ApiProblem('broken-json', 'The body is not valid JSON', 400, detail);
}
