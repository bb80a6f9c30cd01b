/**
 * API keys as digests: of equal length, so that they are compared in constant time, and no key lies around. The name of a
 * key is that of a tenant: jobs and batches are their key's alone.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** SHA-256 of a key. */
export type KeyDigest = Buffer;

/** A key that is valid. */
export interface ApiKey {
  /** Whose it is. */
  name: string;
  digest: KeyDigest;
}

/** Stands for the key where the service asks for none. */
export const NO_KEY: KeyDigest = digestOf('');

export function digestOf(key: string): KeyDigest {
  return createHash('sha256').update(key).digest();
}

/** The key of which no more is known than itself. Its name follows from it, so that no other key ever gets the same. */
export function namelessKey(key: string): ApiKey {
  const digest = digestOf(key);
  return { name: `key-${digest.toString('hex').slice(0, 12)}`, digest };
}

/** The keys that are valid. */
export class Keyring {
  readonly #keys: readonly ApiKey[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys;
  }

  /** Whether clients must show a key: there are some. */
  get isRequired(): boolean {
    return this.#keys.length > 0;
  }

  /** What cookies and links may be bound to. */
  get digests(): readonly KeyDigest[] {
    return this.isRequired ? this.#keys.map(({ digest }) => digest) : [NO_KEY];
  }

  /** The key that a client shows; null: it is none of these. */
  find(shown: string): ApiKey | null {
    return this.of(digestOf(shown));
  }

  /** The key of a digest. Every key is compared, so that timing tells nothing about any of them. */
  of(digest: KeyDigest): ApiKey | null {
    return this.#keys.reduce<ApiKey | null>((found, key) => (timingSafeEqual(key.digest, digest) ? key : found), null);
  }
}

/** The key that a request shows by `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
export function shownKey({ authorization, 'x-api-key': header }: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return bearer ?? [header].flat()[0];
}
