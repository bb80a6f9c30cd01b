/** API keys as digests: of equal length, so that they are compared in constant time, and no key lies around. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** SHA-256 of a key. */
export type KeyDigest = Buffer;

/** Stands for the key where the service asks for none. */
export const NO_KEY: KeyDigest = digestOf('');

export function digestOf(key: string): KeyDigest {
  return createHash('sha256').update(key).digest();
}

/** The key among `known` that `given` is. Every key is compared, so that timing tells nothing about any of them. */
export function knownKey(given: string, known: readonly KeyDigest[]): KeyDigest | null {
  const digest = digestOf(given);
  return known.reduce<KeyDigest | null>((found, key) => (timingSafeEqual(key, digest) ? key : found), null);
}

/** The key that a request shows by `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
export function shownKey({ authorization, 'x-api-key': header }: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return bearer ?? [header].flat()[0];
}
