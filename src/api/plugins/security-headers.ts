/** Security headers. Nothing of this service is to be framed, sniffed or given scripts, but its own documentation page. */
import helmet from '@fastify/helmet';
import fp from 'fastify-plugin';

export default fp(
  async (fastify) => {
    await fastify.register(helmet, {
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      referrerPolicy: { policy: 'same-origin' }, // `no-referrer` would take the `Origin` of forms away
      strictTransportSecurity: false, // whether there is TLS is known to the proxy in front
    });
  },
  { name: 'security-headers' },
);
