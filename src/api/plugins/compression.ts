/**
 * Answers compressed as `Accept-Encoding` asks: small ones and event streams are left alone. No answer holds a secret
 * beside text that a client chose, which is what compression would give away (BREACH).
 */
import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import fp from 'fastify-plugin';

export default fp(
  async (fastify) => {
    await fastify.register(compress, {
      globalDecompression: false, // request bodies are taken as they are sent: limits count what arrives
      threshold: 1_024,
      encodings: ['br', 'gzip', 'deflate'],
      zlibOptions: { level: 5 },
      brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
    });
  },
  { name: 'compression' },
);
