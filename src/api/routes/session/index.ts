/** `/session`: a browser signs in with an API key, asks whether it is, and signs out. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { ref } from '../../../contract/schema.ts';
import { Session, SignIn } from '../../../contract/session.ts';
import { type ApiKey, SCOPES } from '../../access/keys.ts';
import { refuseForeignForm } from '../../access/origin.ts';
import { returnPath } from '../../access/return-path.ts';
import { acceptForms, isForm } from '../../http/form.ts';
import { BAD_REQUEST, BODY_TOO_LARGE, COMMON, INVALID, UNSUPPORTED_MEDIA_TYPE } from '../../openapi/responses.ts';
import { sendSignInPage } from '../../pages/sign-in.ts';
import { ApiProblem } from '../../problems.ts';
import { refuseEmptyBody } from '../../validation/body.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { keyring } = fastify;
  acceptForms(fastify);

  /** @param expires - seconds since 1970 */
  const about = (key: ApiKey | null, expires: number | null): Session => ({
    key_required: keyring.isRequired,
    signed_in: !keyring.isRequired || key !== null,
    expires_at: expires === null ? null : new Date(expires * 1000).toISOString(),
    key: key?.name ?? null,
    scopes: [...(keyring.isRequired ? (key?.scopes ?? []) : SCOPES)],
  });

  const show = {
    operationId: 'getSession',
    tags: ['access'],
    summary: 'Is this browser signed in?',
    response: {
      200: { description: 'So it is.', content: { 'application/json': { schema: ref(Session) } } },
      ...COMMON,
    },
  };
  fastify.get('/', { schema: show }, async ({ session }) =>
    about(session && keyring.of(session.key), session?.expires ?? null),
  );

  const signIn = {
    operationId: 'signIn',
    tags: ['access'],
    summary: 'Sign a browser in with an API key',
    description:
      'Sets a cookie that scripts cannot read, so that pages, pictures and event streams open in the browser. It ends by ' +
      'itself, and with the key. What changes something is then answered to pages of this service alone (`Origin`).',
    body: SignIn,
    response: {
      200: { description: 'Signed in.', content: { 'application/json': { schema: ref(Session) } } },
      303: Type.Null({ description: 'A form was sent: on to `next`.' }),
      400: BAD_REQUEST,
      413: BODY_TOO_LARGE,
      415: UNSUPPORTED_MEDIA_TYPE,
      422: INVALID,
      ...COMMON,
    },
  };
  fastify.post('/', { schema: signIn, preValidation: refuseEmptyBody }, async (request, reply) => {
    refuseForeignForm(request);
    const { key: shown, next } = request.body;
    const key = keyring.find(shown);
    const { prefix } = request;
    const path = next === undefined ? `${prefix}/` : returnPath(next);
    if (key === null && keyring.isRequired) {
      const error = keyring.refusalOf(shown);
      if (isForm(request.headers)) return sendSignInPage(reply.code(401), { prefix, next: path, error });
      throw new ApiProblem('unauthorized', 'API key missing or unknown', 401, error);
    }
    if (key !== null) reply.signIn(key.digest);
    if (isForm(request.headers)) return reply.redirect(path, 303);
    const { sessionSeconds } = fastify.settings;
    return about(key, key && Math.floor(Date.now() / 1000) + sessionSeconds);
  });

  const signOut = {
    operationId: 'signOut',
    tags: ['access'],
    summary: 'Sign this browser out',
    description: 'Takes its cookie away. A cookie that somebody copied is valid until it ends or the key is rotated.',
    response: { 204: Type.Null({ description: 'Signed out.' }), ...COMMON },
  };
  fastify.delete('/', { schema: signOut }, async (request, reply) => {
    refuseForeignForm(request);
    return reply.signOut().code(204).send(null);
  });
};

export default routes;
