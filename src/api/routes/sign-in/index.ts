/** `GET /sign-in`: the page that browsers without a key are sent to. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { LIMITS } from '../../../contract/limits.ts';
import { returnPath } from '../../access/return-path.ts';
import { sendSignedInPage, sendSignInPage } from '../../pages/sign-in.ts';

const Query = Type.Object(
  { next: Type.Optional(Type.String({ maxLength: 3 * LIMITS.urlCharacters })) },
  { additionalProperties: false },
);

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema: { hide: true, querystring: Query } }, async (request, reply) => {
    const { prefix, query, session } = request;
    const next = query.next === undefined ? `${prefix}/` : returnPath(query.next);
    if (!fastify.keyring.isRequired) return reply.redirect(next, 303);
    if (session !== null) return sendSignedInPage(reply, { prefix, next });
    return sendSignInPage(reply, { prefix, next });
  });
};

export default routes;
