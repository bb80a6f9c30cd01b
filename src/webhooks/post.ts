/**
 * Posts one delivery. A request must not make the service talk to its own network: the address that was checked is the
 * one that is connected to (a name could resolve to another one a moment later), and redirects are not followed.
 */
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { isPrivateAddress, literalAddress } from './addresses.ts';

/** The URL leads to an address of the operator's own network, or is none. Trying again does not help. */
export class WebhookRefusedError extends Error {
  override readonly name = 'WebhookRefusedError';
}

export interface PostOptions {
  /** Whether loopback, private and link-local addresses may be called. */
  allowPrivate: boolean;
  /** For all of it: resolving, connecting, sending, waiting for the answer. */
  timeoutMs: number;
  /** How names are resolved; as the system does it, if not given. */
  resolve?: LookupFunction;
}

/** Bytes of headers that a receiver may answer with; what else it says is not read. */
const ANSWER_BYTES = 16_384;

/** @throws WebhookRefusedError, or an Error that says why the delivery failed and may be repeated */
export async function post(
  target: string,
  headers: Record<string, string>,
  body: string,
  options: PostOptions,
): Promise<void> {
  const url = checkUrl(target, options.allowPrivate);
  const resolve = options.resolve ?? lookup;
  const agent = new Agent({
    connect: { lookup: options.allowPrivate ? resolve : publicOnly(resolve), timeout: options.timeoutMs },
    maxHeaderSize: ANSWER_BYTES,
  });
  try {
    const { statusCode } = await request(url, {
      method: 'POST',
      headers,
      body,
      dispatcher: agent,
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    if (statusCode >= 200 && statusCode <= 299) return;
    const redirect = statusCode >= 300 && statusCode < 400 ? ' (redirects are not followed)' : '';
    throw new Error(`the receiver answered ${statusCode}${redirect}`);
  } finally {
    void agent.destroy().catch(() => {}); // with the rest of the answer
  }
}

function checkUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new WebhookRefusedError('the webhook is not an http or https URL');
  }
  const address = literalAddress(url.hostname); // nothing is looked up then
  if (!allowPrivate && address !== null && isPrivateAddress(address)) throw refusal(address);
  return url;
}

/** Resolves names, but refuses one that leads to any address that is not public. */
function publicOnly(resolve: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(refusal(hostname), '', 0);
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0].address, addresses[0].family);
    });
  };
}

function refusal(host: string): WebhookRefusedError {
  return new WebhookRefusedError(
    `${host} is an address of this network, which webhooks may call only with WHENCE_WEBHOOK_ALLOW_PRIVATE=true`,
  );
}
