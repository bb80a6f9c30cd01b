/**
 * Who may ask, and for what: API keys (`Authorization: Bearer KEY` or `X-API-Key: KEY`), and the cookie of a browser that has signed in
 * with one. A key has scopes, and a changed keys file is taken over within a second. Health checks, documentation and sign-in stay open; a share link brings its own permission.
 */
import { unwatchFile, watchFile } from 'node:fs';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { type ApiKey, type KeyDigest, Keyring, namelessKey, type Scope, shownKey } from '../access/keys.ts';
import { readKeysFile } from '../access/keys-file.ts';
import { isSafe, refuseForeign } from '../access/origin.ts';
import { requireScope } from '../access/scopes.ts';
import { Signer, type Statement } from '../access/signer.ts';
import { prefersHtml } from '../http/prefers-html.ts';
import { ApiProblem } from '../problems.ts';

const OPEN = /^\/($|\?|assets\/|docs(\/|\?|$)|health\/|openapi\.json|session(\?|$)|sign-(in|out)(\?|$)|s\/)/;
const COOKIE = 'whence_session';
/** How often it is looked whether the keys file has changed. */
const LOOK_MS = 1_000;

declare module 'fastify' {
  interface FastifyInstance {
    keyring: Keyring;
    signer: Signer;
  }
  interface FastifyRequest {
    /** The key that the request is made with; null: the service asks for none. */
    accessKey: ApiKey | null;
    /** What the request's cookie says; null where it has none that is valid. */
    readonly session: Statement | null;
  }
  interface FastifyReply {
    /** Signs the browser in with a key. */
    signIn(key: KeyDigest): FastifyReply;
    signOut(): FastifyReply;
  }
}

export default fp(
  async (fastify) => {
    const { apiKeys, keysFile, secret, sessionSeconds, publicUrl } = fastify.settings;
    const keyring = new Keyring(
      () => [...apiKeys.map(namelessKey), ...(keysFile === null ? [] : readKeysFile(keysFile))],
      { changes: keysFile !== null },
    );
    if (keysFile !== null) follow(fastify, keyring, keysFile);
    const signer = new Signer(secret, () => keyring.digests);
    fastify.decorate('keyring', keyring);
    fastify.decorate('signer', { getter: () => signer });
    fastify.decorateRequest('accessKey', null);
    await fastify.register(cookie);

    fastify.decorateRequest('session', {
      getter(this: FastifyRequest) {
        const token = this.cookies[COOKIE];
        return token === undefined ? null : signer.open('session', token);
      },
    });

    const options = ({ protocol, prefix }: FastifyRequest) => ({
      path: prefix === '' ? '/' : prefix,
      httpOnly: true,
      sameSite: 'lax' as const, // a link from elsewhere opens; requests that change something are refused by `Origin`
      secure: protocol === 'https' || (publicUrl?.startsWith('https:') ?? false),
    });
    fastify.decorateReply('signIn', function signIn(this: FastifyReply, key: KeyDigest) {
      const expires = Math.floor(Date.now() / 1000) + sessionSeconds;
      const token = signer.sign('session', { subject: '', expires, key });
      return this.setCookie(COOKIE, token, { ...options(this.request), maxAge: sessionSeconds });
    });
    fastify.decorateReply('signOut', function signOut(this: FastifyReply) {
      return this.clearCookie(COOKIE, options(this.request));
    });

    fastify.addHook('onRequest', async (request, reply) => {
      if (OPEN.test(request.url) || !keyring.isRequired) return;
      const shown = shownKey(request.headers);
      const { session } = request;
      const key = shown === undefined ? session && keyring.of(session.key) : keyring.find(shown);
      if (key) {
        request.accessKey = key;
        if (shown === undefined) refuseForeign(request);
        const scope = scopeOf(request);
        requireScope(key, scope, 'this');
        return;
      }
      if (request.method === 'GET' && prefersHtml(request)) {
        const next = encodeURIComponent(`${request.prefix}${request.url}`);
        return reply.redirect(`${request.prefix}/sign-in?next=${next}`, 303);
      }
      throw unauthorized(shown === undefined ? NO_KEY_SHOWN : keyring.refusalOf(shown));
    });
  },
  { name: 'access', dependencies: ['prefix'] },
);

/** Takes over the keys of a file when it changes; where it cannot be used, those of before stay. */
function follow(fastify: FastifyInstance, keyring: Keyring, file: string): void {
  const onChange = (): void => {
    try {
      keyring.reload();
      fastify.log.info({ keys: keyring.count }, 'the keys file has changed and was taken over');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      fastify.log.error({ reason }, 'the keys file has changed and cannot be used: the keys of before stay valid');
    }
  };
  watchFile(file, { interval: LOOK_MS, persistent: false }, onChange);
  fastify.addHook('onClose', async () => unwatchFile(file, onChange));
}

/** What a request needs. What agents ask for by `/mcp` is checked when it becomes requests of its own. */
function scopeOf({ method, url }: FastifyRequest): Scope {
  return isSafe(method) || /^\/mcp(\/|\?|$)/.test(url) ? 'read' : 'submit';
}

const NO_KEY_SHOWN =
  'This service needs an API key: send `Authorization: Bearer KEY` or `X-API-Key: KEY`; browsers sign in at /sign-in.';

function unauthorized(detail: string): ApiProblem {
  return new ApiProblem('unauthorized', 'API key missing or unknown', 401, detail, {
    headers: { 'www-authenticate': 'Bearer realm="whence"' },
  });
}
