/**
 * API keys as digests: of equal length, so that they are compared in constant time, and no key lies around. The name of a
 * key is that of a tenant: jobs and batches are their key's alone.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** SHA-256 of a key. */
export type KeyDigest = Buffer;

/**
 * What a key may do: have things computed, canceled and removed; read what it made; all of that with everybody's, and
 * what operators do.
 */
export const SCOPES = ['submit', 'read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key, until it expires. */
export interface ApiKey {
  /** Whose it is. Several keys of one name are one tenant. */
  name: string;
  digest: KeyDigest;
  scopes: readonly Scope[];
  /** Its share of the device, beside those of other names. */
  weight: number;
  /** Milliseconds since 1970; null: it does not. */
  expires: number | null;
}

/** Whether a key has a scope; without keys everybody has all. */
export function mayDo(key: ApiKey | null, scope: Scope): boolean {
  return key === null || key.scopes.includes(scope) || key.scopes.includes('admin');
}

/** Stands for the key where the service asks for none. */
export const NO_KEY: KeyDigest = digestOf('');

export function digestOf(key: string): KeyDigest {
  return createHash('sha256').update(key).digest();
}

/** The key of which no more is known than itself. Its name follows from it, so that no other key ever gets the same. */
export function namelessKey(key: string): ApiKey {
  const digest = digestOf(key);
  const name = `key-${digest.toString('hex').slice(0, 12)}`;
  return { name, digest, scopes: ['submit', 'read'], weight: 1, expires: null };
}

/** The keys as they are now. */
export class Keyring {
  /** Whether clients must show a key. */
  readonly isRequired: boolean;
  readonly #read: () => readonly ApiKey[];
  #keys: readonly ApiKey[] = [];

  /**
   * @param read - gives the keys, those that have expired too
   * @param changes - whether that may change: then a key is asked for although there is none yet
   * @throws what `read` throws
   */
  constructor(read: () => readonly ApiKey[], { changes }: { changes: boolean }) {
    this.#read = read;
    this.reload();
    this.isRequired = changes || this.#keys.length > 0;
  }

  get count(): number {
    return this.#keys.length;
  }

  /** Takes over the keys as they are now. @throws what `read` throws; then those of before stay */
  reload(): void {
    this.#keys = this.#read();
  }

  /** What cookies and links may be bound to. */
  get digests(): readonly KeyDigest[] {
    return this.isRequired ? this.#valid.map(({ digest }) => digest) : [NO_KEY];
  }

  /** The part of all weights that is the tenant's; 1 where it is alone. */
  shareOf(tenant: string): number {
    const weights = new Map(this.#valid.map(({ name, weight }) => [name, weight]));
    const sum = [...weights.values()].reduce((before, weight) => before + weight, 0);
    return (weights.get(tenant) ?? sum) / sum;
  }

  /** The key that a client shows; null: it is none of these. */
  find(shown: string): ApiKey | null {
    return this.of(digestOf(shown));
  }

  /** The key of a digest. */
  of(digest: KeyDigest): ApiKey | null {
    const key = this.#known(digest);
    return key !== null && isValid(key) ? key : null;
  }

  /** What a client is told whose key is none of these. */
  refusalOf(shown: string): string {
    const key = this.#known(digestOf(shown));
    if (key === null || key.expires === null) return 'The API key is not known to this service.';
    return `The API key expired at ${new Date(key.expires).toISOString()}: ask whoever runs this service for another.`;
  }

  get #valid(): ApiKey[] {
    return this.#keys.filter(isValid);
  }

  /** Every key is compared, so that timing tells nothing about any of them. */
  #known(digest: KeyDigest): ApiKey | null {
    return this.#keys.reduce<ApiKey | null>((found, key) => (timingSafeEqual(key.digest, digest) ? key : found), null);
  }
}

const isValid = ({ expires }: ApiKey): boolean => expires === null || Date.now() < expires;

/** The key that a request shows by `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
export function shownKey({ authorization, 'x-api-key': header }: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return bearer ?? [header].flat()[0];
}
