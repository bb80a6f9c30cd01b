/** Tells a browser that was sent somewhere from a program. */
import type { FastifyRequest } from 'fastify';

/** Whether `Accept` puts HTML above JSON; programs that accept anything get JSON. */
export function prefersHtml(request: FastifyRequest): boolean {
  // Where a path cannot be decoded the error comes before the request has what plug-ins give it.
  return 'accepts' in request && request.accepts().type(['application/json', 'text/html']) === 'text/html';
}
