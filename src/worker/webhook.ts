/**
 * Posts an ended job to the URL that its request named, signed as the Standard Webhooks specification says
 * (https://www.standardwebhooks.com): `webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`.
 *
 * A request must not make the service talk to its own network. The address is checked where the connection is made, not
 * before it (a name could resolve to another one then), and redirects are not followed. `fetch` offers no hook for that,
 * node:http does.
 */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Webhook } from '../contract/attribute-request.ts';
import type { Job } from '../contract/job.ts';
import { isPrivateAddress } from '../contract/private-address.ts';

/** The URL leads to an address of the operator's own network, or is none. Trying again does not help. */
export class WebhookRefusedError extends Error {
  override readonly name = 'WebhookRefusedError';
}

export interface WebhookOptions {
  /** Whether loopback, private and link-local addresses may be called. */
  allowPrivate: boolean;
  timeoutMs: number;
}

/** Delivers once. @throws WebhookRefusedError, or an Error that says why the delivery failed and may be repeated */
export async function postWebhook(job: Job, webhook: Webhook, options: WebhookOptions): Promise<void> {
  const url = checkUrl(webhook.url, options.allowPrivate);
  const body = JSON.stringify(job);
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'whence',
    'webhook-id': job.id,
    'webhook-timestamp': String(timestamp),
  };
  if (webhook.secret !== undefined) headers['webhook-signature'] = sign(webhook.secret, job.id, timestamp, body);
  const status = await post(url, headers, body, options);
  if (status < 200 || status > 299) {
    const redirect = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
    throw new Error(`the receiver answered ${status}${redirect}`);
  }
}

/** The value of `webhook-signature`. A secret `whsec_…` is base64, as the specification has it; any other is plain text. */
function sign(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

function checkUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new WebhookRefusedError('the webhook is not an http or https URL');
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!allowPrivate && isIP(host) !== 0 && isPrivateAddress(host)) throw refusal(host); // no name, so no lookup
  return url;
}

function post(url: URL, headers: Record<string, string>, body: string, options: WebhookOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers,
        agent: false,
        lookup: options.allowPrivate ? undefined : publicLookup,
        signal: AbortSignal.timeout(options.timeoutMs),
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy(); // what it says does not matter
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Resolves names like dns.lookup, but refuses one that leads to any private address. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const inside = addresses.find(({ address }) => isPrivateAddress(address));
    if (inside) return callback(refusal(hostname), '', 0);
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0].address, addresses[0].family);
  });
};

function refusal(host: string): WebhookRefusedError {
  return new WebhookRefusedError(
    `${host} is an address of this network, which webhooks may call only with WHENCE_WEBHOOK_ALLOW_PRIVATE=true`,
  );
}
