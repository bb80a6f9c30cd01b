/** Where the OpenAPI document says that the service is, seen through the proxies in front. */
import type { FastifyRequest } from 'fastify';

/**
 * The document with the server's URL: the prefix that a trusted proxy names, or where a prefix is only claimed, a path
 * relative to the document, as OpenAPI resolves it.
 * @param root - from the document to the root of the service: `.` or `..`
 */
export function withServer<T extends object>(document: T, request: FastifyRequest, root: string): T {
  const { prefix, headers } = request;
  if (prefix !== '') return { ...document, servers: [{ url: prefix }] };
  return headers['x-forwarded-prefix'] === undefined ? document : { ...document, servers: [{ url: root }] };
}
