/** Bodies of HTML forms, for the few routes that pages without scripts post to. */
import type { FastifyInstance } from 'fastify';

const MOST_BYTES = 8 * 1024;

/** Lets the routes of this scope read forms of text fields, as objects. */
export function acceptForms(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MOST_BYTES },
    async (_request: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
}

/** Whether a form was sent, whose sender is shown pages. */
export function isForm(headers: { 'content-type'?: string }): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
}
