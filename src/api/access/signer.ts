/**
 * Signed, expiring statements that a client keeps for us: who is signed in (a cookie), which result a link may show.
 * Each is bound to the API key that it was made with, and ends with it. Nothing is stored.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyDigest } from './keys.ts';

/** A statement of one purpose is none of the other. */
export type Purpose = 'session' | 'share';

export interface Statement {
  subject: string;
  /** Seconds since 1970. */
  expires: number;
  /** The key that it was made with. */
  key: KeyDigest;
}

export class Signer {
  readonly #secret: string;
  readonly #keys: () => readonly KeyDigest[];

  /** @param keys - gives those that are valid now */
  constructor(secret: string, keys: () => readonly KeyDigest[]) {
    this.#secret = secret;
    this.#keys = keys;
  }

  /** @returns letters, digits, `-`, `_` and `.` */
  sign(purpose: Purpose, { subject, expires, key }: Statement): string {
    const payload = Buffer.from(`${expires.toString(36)}.${subject}`).toString('base64url');
    return `${payload}.${this.#mac(purpose, payload, key).toString('base64url')}`;
  }

  /** What a token says; null where it is not one of ours, is over, or its key is no longer valid. */
  open(purpose: Purpose, token: string): Statement | null {
    const [payload, signature, ...more] = token.split('.');
    if (signature === undefined || more.length > 0) return null;
    const given = Buffer.from(signature, 'base64url');
    const key = this.#keys().reduce<KeyDigest | null>((found, candidate) => {
      const expected = this.#mac(purpose, payload, candidate);
      return given.length === expected.length && timingSafeEqual(given, expected) ? candidate : found;
    }, null);
    if (key === null) return null;
    const text = Buffer.from(payload, 'base64url').toString();
    const at = text.indexOf('.');
    const expires = Number.parseInt(text.slice(0, at), 36);
    if (!(expires > Date.now() / 1000)) return null;
    return { subject: text.slice(at + 1), expires, key };
  }

  #mac(purpose: Purpose, payload: string, key: KeyDigest): Buffer {
    return createHmac('sha256', this.#secret).update(`${purpose}\0`).update(key).update(payload).digest();
  }
}
