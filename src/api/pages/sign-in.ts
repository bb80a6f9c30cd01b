/** The sign-in page: a form that works without scripts. */

import type { FastifyReply } from 'fastify';
import { escaped, sendPage } from './page.ts';

export interface SignInPage {
  /** Path under which the service is published. */
  prefix: string;
  /** Where to go afterwards. */
  next: string;
  /** What was wrong with the key that was sent. */
  error?: string;
}

/** What somebody sees who is signed in already. */
export function sendSignedInPage(reply: FastifyReply, { prefix, next }: SignInPage): FastifyReply {
  const body =
    `<h1>You are signed in</h1><p><a href="${escaped(next)}">Go on</a></p>` +
    `<form method="post" action="${escaped(prefix)}/sign-out"><button>Sign out</button></form>`;
  return sendPage(reply, 'Signed in', body);
}

export function sendSignInPage(reply: FastifyReply, { prefix, next, error }: SignInPage): FastifyReply {
  const wrong = error === undefined ? '' : `<p class="error" role="alert">${escaped(error)}</p>`;
  const body =
    '<h1>Sign in to Whence</h1><p>This service needs an API key. It is kept by nobody: your browser gets a cookie that ' +
    `scripts cannot read, and which ends by itself.</p>${wrong}<form method="post" action="${escaped(prefix)}/session">` +
    `<input type="hidden" name="next" value="${escaped(next)}"><label for="key">API key</label>` +
    '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>' +
    '<button>Sign in</button></form>';
  return sendPage(reply, 'Sign in', body);
}
