/** `POST /sign-out`: `DELETE /session` for pages without scripts. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { refuseForeignForm } from '../../access/origin.ts';
import { acceptForms } from '../../http/form.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  acceptForms(fastify);
  fastify.post('/', { schema: { hide: true } }, async (request, reply) => {
    refuseForeignForm(request);
    return reply.signOut().redirect(`${request.prefix}/sign-in`, 303);
  });
};

export default routes;
