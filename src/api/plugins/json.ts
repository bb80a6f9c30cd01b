/** JSON bodies: strict, with duplicate keys refused, because of two values one would silently be lost. */

import fp from 'fastify-plugin';
import secureJson from 'secure-json-parse';
import { ApiProblem } from '../problems.ts';
import { duplicateKey } from '../validation/duplicate-keys.ts';

export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers(); // plain text too: 415
    fastify.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, text: string) => {
      if (text.trim() === '') return undefined; // POST /jobs/{id}/cancel has no body; others say what is missing
      const body = parse(text);
      const duplicate = duplicateKey(text);
      if (duplicate === null) return body;
      throw brokenJson(
        `The field "${duplicate.key}" occurs twice in one object (line ${duplicate.line}): keep one of them.`,
      );
    });
  },
  { name: 'json' },
);

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
