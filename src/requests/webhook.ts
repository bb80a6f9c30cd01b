/** Webhook addresses. The worker that delivers checks the resolved address once more. */
import type { Webhook } from '../contract/attribute-request.ts';
import { show } from '../validation/show.ts';
import { isPrivateHost } from '../webhooks/addresses.ts';
import { isBrokenSecret } from '../webhooks/signature.ts';
import type { Issues } from './issues.ts';

const POINTER = '#/webhook/url';

/** Adds an issue for an address or a secret that a delivery cannot be made with. */
export function checkWebhook(webhook: Webhook | null, allowPrivate: boolean, issues: Issues): void {
  if (webhook === null) return;
  checkUrl(webhook.url, allowPrivate, issues);
  if (webhook.secret !== undefined && isBrokenSecret(webhook.secret)) {
    const detail = 'begins with whsec_, so the rest must be base64: mend it, or give a secret without that beginning.';
    issues.add('#/webhook/secret', detail);
  }
}

/** An address that is not an http(s) URL, carries credentials, or is private without being allowed. */
function checkUrl(text: string, allowPrivate: boolean, issues: Issues): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) {
    issues.add(POINTER, `must be an absolute URL such as https://example.org/hook, got ${show(text)}.`);
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    issues.add(POINTER, `must be an http or https URL, got ${show(url.protocol)}.`);
  } else if (url.username !== '' || url.password !== '') {
    issues.add(POINTER, 'must not hold a user name or password: use `webhook.secret`, which signs the delivery.');
  } else if (!allowPrivate && isPrivateHost(url.hostname)) {
    issues.add(
      POINTER,
      `the host "${url.hostname}" is private, and this service posts to public addresses only unless its operator ` +
        'sets WHENCE_WEBHOOK_ALLOW_PRIVATE=true.',
    );
  }
}
