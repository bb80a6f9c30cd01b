/** Webhook addresses. The worker that delivers checks the resolved address once more. */
import type { Webhook } from '../../contract/attribute-request.ts';
import { isPrivateHost } from '../../contract/private-address.ts';
import { show } from '../../validation/show.ts';
import type { Issues } from './issues.ts';

const POINTER = '#/webhook/url';

/** Adds an issue for an address that is no http(s) URL, carries credentials, or is private without being allowed. */
export function checkWebhook(webhook: Webhook | null, allowPrivate: boolean, issues: Issues): void {
  if (webhook === null) return;
  const url = URL.canParse(webhook.url) ? new URL(webhook.url) : null;
  if (url === null) {
    issues.add(POINTER, `must be an absolute URL such as https://example.org/hook, got ${show(webhook.url)}.`);
  } else if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    issues.add(POINTER, `must be an http or https URL, got ${show(url.protocol)}.`);
  } else if (url.username !== '' || url.password !== '') {
    issues.add(POINTER, 'must not hold a user name or password: use `webhook.secret`, which signs the delivery.');
  } else if (!allowPrivate && isPrivateHost(url.hostname)) {
    issues.add(
      POINTER,
      `the host "${url.hostname}" is private, and this service posts to public addresses only unless its operator sets WHENCE_WEBHOOK_ALLOW_PRIVATE=true.`,
    );
  }
}
