/** The kinds of settings: how the text of an environment variable becomes a value, and when it is refused. */

import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SENTINEL_EXAMPLE, sentinelsOf } from './redis-address.ts';
import { UnusableError } from './unusable.ts';

/** One setting: an environment variable and what it means. */
export interface Setting<T> {
  /** Of the variable. */
  readonly name: string;
  /** Its text where it is not set, as the README shows it. */
  readonly fallback: string;
  readonly description: string;
  /** @throws {ConfigError} where the text cannot be a value */
  parse(text: string): T;
}

/** A variable that cannot be used as it is: names it, its value and the remedy. */
export class ConfigError extends UnusableError {
  constructor(name: string, value: string, remedy: string) {
    super(`${name} is "${value}": ${remedy}`);
    this.name = 'ConfigError';
  }
}

export function text(name: string, fallback: string, description: string): Setting<string> {
  return { name, fallback, description, parse: (value) => value };
}

export function integer(
  name: string,
  from: number,
  to: number,
  fallback: number,
  description: string,
): Setting<number> {
  const parse = (value: string): number => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= from && number <= to) return number;
    throw new ConfigError(name, value, `give a whole number from ${from} to ${to}`);
  };
  return { name, fallback: String(fallback), description, parse };
}

export function choice<T extends string>(
  name: string,
  choices: readonly T[],
  fallback: T,
  description: string,
): Setting<T> {
  const parse = (value: string): T => {
    const found = choices.find((candidate) => candidate === value);
    if (found === undefined) throw new ConfigError(name, value, `give one of ${choices.join(', ')}`);
    return found;
  };
  return { name, fallback, description, parse };
}

/** `true` or `false`; false where it is not set. */
export function flag(name: string, description: string): Setting<boolean> {
  const { parse } = choice(name, ['true', 'false'], 'false', description);
  return { name, fallback: 'false', description, parse: (value) => parse(value) === 'true' };
}

/** A path; relative ones start from the project's folder, wherever the process runs. */
export function path(name: string, fallback: string, description: string): Setting<string> {
  return { name, fallback, description, parse: absolute };
}

/** The same; null where it is not set. */
export function optionalPath(name: string, description: string): Setting<string | null> {
  return { name, fallback: '', description, parse: (value) => (value === '' ? null : absolute(value)) };
}

/** Comma-separated paths. */
export function paths(name: string, description: string): Setting<string[]> {
  return { name, fallback: '', description, parse: (value) => split(value).map(absolute) };
}

/** URL of a Redis, or of sentinels that know one; null where it is not set. */
export function redisUrl(name: string, description: string): Setting<string | null> {
  const parse = (value: string): string | null => {
    if (value === '') return null;
    const scheme = URL.canParse(value) ? new URL(value).protocol : '';
    if (scheme === 'redis:' || scheme === 'rediss:' || sentinelsOf(value) !== null) return value;
    // The value may hold a password: it is not repeated.
    throw new ConfigError(name, '…', `give a URL such as redis://127.0.0.1:6379 or ${SENTINEL_EXAMPLE}`);
  };
  return { name, fallback: '', description, parse };
}

/** http or https URL without a slash at its end; null where it is not set. */
export function baseUrl(name: string, description: string): Setting<string | null> {
  const parse = (value: string): string | null => {
    if (value === '') return null;
    const url = URL.canParse(value) ? new URL(value) : null;
    const plain = url !== null && `${url.search}${url.hash}${url.username}${url.password}` === '';
    if (plain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
    throw new ConfigError(name, value, 'give an http or https URL such as https://example.org/whence');
  };
  return { name, fallback: '', description, parse };
}

/** Comma-separated secrets of at least so many characters, which errors do not repeat. */
export function keys(name: string, characters: number, description: string): Setting<string[]> {
  const parse = (value: string): string[] => {
    const given = split(value);
    if (given.every((key) => key.length >= characters)) return given;
    throw new ConfigError(name, '…', `each key must have at least ${characters} characters`);
  };
  return { name, fallback: '', description, parse };
}

/** A text that nobody may guess; null where it is not set. */
export function secret(name: string, characters: number, description: string): Setting<string | null> {
  const parse = (value: string): string | null => {
    if (value === '') return null;
    if (value.length >= characters) return value;
    throw new ConfigError(
      name,
      '…',
      `give at least ${characters} random characters, such as \`openssl rand -base64 32\``,
    );
  };
  return { name, fallback: '', description, parse };
}

const MOST_PROXIES = 16;

/** `true` (one), `false`, the number of proxies in front, or their addresses and subnets, comma-separated. */
export function proxies(name: string, description: string): Setting<boolean | number | string[]> {
  const parse = (value: string): boolean | number | string[] => {
    if (value === 'true' || value === 'false') return value === 'true';
    if (/^\d+$/.test(value) && Number(value) <= MOST_PROXIES) return Number(value);
    const entries = split(value);
    const wrong = entries.find((entry) => !isAddress(entry) && !isSubnet(entry));
    if (wrong === undefined) return entries;
    const remedy =
      `give true, false, the number of proxies in front (at most ${MOST_PROXIES}), or their addresses and subnets ` +
      'such as 10.0.0.0/8';
    throw new ConfigError(name, wrong, remedy);
  };
  return { name, fallback: 'false', description, parse };
}

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

const absolute = (value: string): string => (isAbsolute(value) ? value : resolve(PROJECT, value));

const split = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const isAddress = (value: string): boolean => isIP(value) !== 0;

function isSubnet(value: string): boolean {
  const [address, bits] = value.split('/');
  return isAddress(address) && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (isIP(address) === 6 ? 128 : 32);
}
