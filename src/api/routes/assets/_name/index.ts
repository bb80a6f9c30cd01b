/** `GET /assets/{name}`: the explorer's files. Their names tell their content, so that caches keep them for good. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { explorer } from '../../../pages/explorer.ts';
import { notFound } from '../../../problems.ts';

/** The icon is not named by its content. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const schema = { hide: true, params: Type.Object({ name: Type.String({ maxLength: 128 }) }) };
  fastify.get('/', { schema }, async (request, reply) => {
    const { name } = request.params;
    const asset = explorer().assets.get(name);
    if (asset === undefined) throw notFound(`The explorer has no file "${name}": reload its page.`);
    reply.header('cache-control', HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'public, max-age=3600');
    return reply.type(asset.type).send(asset.content);
  });
};

export default routes;
