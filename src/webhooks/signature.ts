/**
 * Signatures of deliveries, as the Standard Webhooks specification has them (https://www.standardwebhooks.com):
 * `webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`.
 */
import { createHmac } from 'node:crypto';

const BASE64_PREFIX = 'whsec_';

/**
 * The value of `webhook-signature`. A secret `whsec_…` is base64, as the specification has it and its libraries expect;
 * any other is taken as plain text.
 * @param timestamp seconds since 1970
 */
export function sign(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith(BASE64_PREFIX)
    ? Buffer.from(secret.slice(BASE64_PREFIX.length), 'base64')
    : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Whether a secret says that it is base64 and is not: it would sign with another key than the receiver's. */
export function isBrokenSecret(secret: string): boolean {
  if (!secret.startsWith(BASE64_PREFIX)) return false;
  const key = secret.slice(BASE64_PREFIX.length);
  return !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(key) || key === '';
}
