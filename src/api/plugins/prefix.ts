/** The path under which a proxy in front publishes the service (`X-Forwarded-Prefix`), for links and redirects. */
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { forwardedPrefix, trustOf } from '../http/proxy.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `/whence` where a trusted proxy says so, else ''. */
    readonly prefix: string;
  }
}

export default fp(
  async (fastify) => {
    const trust = trustOf(fastify.settings.trustProxy);

    fastify.decorateRequest('prefix', {
      getter(this: FastifyRequest) {
        // `ips` has the connection's address, the entries of trusted proxies, and the first that is not trusted.
        const nearest = this.socket.remoteAddress ?? '';
        const trusted = trust(nearest, 0) ? Math.max(1, (this.ips?.length ?? 1) - 1) : 0;
        return forwardedPrefix(this.headers['x-forwarded-prefix'], trusted);
      },
    });
  },
  { name: 'prefix' },
);
