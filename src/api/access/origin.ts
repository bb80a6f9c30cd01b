/** Where a browser says that a request comes from: a page of ours, or of another site. */

import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '../problems.ts';

const SAFE = ['GET', 'HEAD', 'OPTIONS'];

/** Whether requests of a method change nothing. */
export const isSafe = (method: string): boolean => SAFE.includes(method);

/**
 * Refuses requests that change something, are authorized by a cookie, and were not made by a page of this service: a
 * browser sends the cookie whoever asks it to.
 * @throws ApiProblem 403
 */
export function refuseForeign(request: FastifyRequest): void {
  if (isSafe(request.method) || isOwn(request)) return;
  const { origin } = request.headers;
  const whence = origin === undefined ? 'has no `Origin`' : `comes from "${origin.slice(0, 200)}"`;
  const detail =
    `With a cookie only pages of this service may ask for this, and the request ${whence}, not from ` +
    `${ownOrigins(request).join(' or ')}. Programs send \`Authorization: Bearer KEY\`. (Operators: behind a proxy set ` +
    'WHENCE_PUBLIC_URL.)';
  throw new ApiProblem('foreign-origin', 'The request comes from another site', 403, detail);
}

/**
 * Refuses forms of other sites that would sign a browser in or out: with a key of theirs its person would work for them.
 * Programs send no `Origin`.
 * @throws ApiProblem 403
 */
export function refuseForeignForm(request: FastifyRequest): void {
  if (request.headers.origin !== undefined) refuseForeign(request);
}

/** Whether `Origin` is this service. */
function isOwn(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  return origin !== undefined && ownOrigins(request).includes(origin);
}

function ownOrigins(request: FastifyRequest): string[] {
  const { publicUrl } = request.server.settings;
  const seen = `${request.protocol}://${request.host}`;
  return publicUrl === null ? [seen] : [...new Set([new URL(publicUrl).origin, seen])];
}
