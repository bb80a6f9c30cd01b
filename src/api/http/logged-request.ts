/** What the log says of a request: no headers (they hold keys and cookies), and no link that lets its reader in. */
import type { FastifyRequest } from 'fastify';

export function loggedRequest({ method, url, host, ip, socket }: FastifyRequest): Record<string, unknown> {
  return { method, url: withoutToken(url), host, remoteAddress: ip, remotePort: socket.remotePort };
}

/** The token of a share link is a permission; a path to return to may hold one. */
function withoutToken(url: string): string {
  return url.replace(/((?:\/|%2f)s(?:\/|%2f))[^/?%]+/gi, '$1…');
}
