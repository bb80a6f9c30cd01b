/** The configuration: environment variables to one typed, validated object. The README's table is made of VARIABLES. */

import { isIP } from 'node:net';
import { totalmem } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnusableError } from './unusable.ts';

type BackendChoice = 'auto' | 'tensorflow' | 'wasm';

export interface Config {
  host: string;
  port: number;
  /** Null: `whence up` starts a Redis of its own. */
  redisUrl: string | null;
  dataDir: string;
  modelsFile: string;
  backend: BackendChoice;
  /** Threads of the native backend; 0: TensorFlow chooses. */
  threads: number;
  pool: string;
  apiKeys: string[];
  resultTtlSeconds: number;
  maxQueue: number;
  jobTimeoutSeconds: number;
  /** Megabytes that loaded models and activations may take together. */
  memoryBudgetMb: number;
  rateLimitPerMinute: number;
  /** How many proxies in front are believed, or their addresses. */
  trustProxy: boolean | number | string[];
  webhookAllowPrivate: boolean;
  /** Modules with an operator's own methods and step functions. */
  plugins: string[];
  logLevel: string;
}

interface Variable {
  name: string;
  /** As the README shows it. */
  fallback: string;
  description: string;
}

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];
const MB = 2 ** 20;

/** Every variable that Whence reads, in the order of the README's table. */
export const VARIABLES = [
  { name: 'WHENCE_HOST', fallback: '127.0.0.1', description: 'Address that the API listens on.' },
  { name: 'WHENCE_PORT', fallback: '3000', description: 'Port of the API; 0 takes a free one.' },
  {
    name: 'WHENCE_REDIS_URL',
    fallback: '',
    description: '`redis://` or `rediss://` URL; empty: `whence up` starts a Redis of its own.',
  },
  {
    name: 'WHENCE_DATA_DIR',
    fallback: '.whence',
    description: 'Where the embedded Redis keeps its data; two instances need two.',
  },
  {
    name: 'WHENCE_MODELS_FILE',
    fallback: 'models/models.json',
    description: 'The models to serve; relative paths in it start from its folder.',
  },
  {
    name: 'WHENCE_BACKEND',
    fallback: 'auto',
    description: '`tensorflow` (native), `wasm`, or `auto`: native where it was built.',
  },
  { name: 'WHENCE_THREADS', fallback: '0', description: 'Threads of the native backend; 0: one for each core.' },
  { name: 'WHENCE_POOL', fallback: 'default', description: 'Pool of models that this worker serves.' },
  {
    name: 'WHENCE_API_KEYS',
    fallback: '',
    description: 'Comma-separated keys, one of which each request must show; empty: none is asked for.',
  },
  {
    name: 'WHENCE_RESULT_TTL_SECONDS',
    fallback: '86400',
    description: 'How long ended jobs and their results are kept.',
  },
  { name: 'WHENCE_MAX_QUEUE', fallback: '1000', description: 'Most jobs that may wait in one pool.' },
  { name: 'WHENCE_JOB_TIMEOUT_SECONDS', fallback: '3600', description: 'A job that computes for longer fails.' },
  {
    name: 'WHENCE_MEMORY_BUDGET_MB',
    fallback: '0',
    description: 'Megabytes for loaded models and activations; 0: three quarters of the memory.',
  },
  { name: 'WHENCE_RATE_LIMIT', fallback: '0', description: 'Requests a minute for each client; 0: no limit.' },
  {
    name: 'WHENCE_TRUST_PROXY',
    fallback: 'false',
    description:
      'Whose `X-Forwarded-*` headers are believed: how many proxies stand in front (`true`: one), or their addresses and ' +
      'subnets, comma-separated.',
  },
  {
    name: 'WHENCE_WEBHOOK_ALLOW_PRIVATE',
    fallback: 'false',
    description: 'Whether webhooks may go to loopback and private addresses.',
  },
  {
    name: 'WHENCE_PLUGINS',
    fallback: '',
    description: "Comma-separated paths of modules with methods and step functions of the operator's own.",
  },
  { name: 'WHENCE_LOG_LEVEL', fallback: 'info', description: `One of ${LOG_LEVELS.join(', ')}.` },
] as const satisfies readonly Variable[];

type Name = (typeof VARIABLES)[number]['name'];

/** A variable that cannot be used as it is: names it, its value and the remedy. */
class ConfigError extends UnusableError {
  constructor(name: string, value: string, remedy: string) {
    super(`${name} is "${value}": ${remedy}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration.
 * @throws {ConfigError} when a variable has a value that it cannot have, or a WHENCE_ variable is not known.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  refuseUnknown(env);
  const text = (name: Name): string => {
    const value = env[name]?.trim();
    return value === undefined || value === '' ? defaultOf(name) : value;
  };
  const integer = (name: Name, from: number, to: number): number => {
    const value = Number(text(name));
    if (!Number.isInteger(value) || value < from || value > to) {
      throw new ConfigError(name, text(name), `give a whole number from ${from} to ${to}`);
    }
    return value;
  };
  const choice = <T extends string>(name: Name, choices: readonly T[]): T => {
    const found = choices.find((candidate) => candidate === text(name));
    if (found === undefined) throw new ConfigError(name, text(name), `give one of ${choices.join(', ')}`);
    return found;
  };
  const flag = (name: Name): boolean => choice(name, ['true', 'false']) === 'true';
  const list = (name: Name): string[] =>
    text(name)
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const path = (value: string): string => (isAbsolute(value) ? value : resolve(PROJECT, value));
  const budget = integer('WHENCE_MEMORY_BUDGET_MB', 0, 16_777_216);
  return {
    host: text('WHENCE_HOST'),
    port: integer('WHENCE_PORT', 0, 65_535),
    redisUrl: redisUrl(text('WHENCE_REDIS_URL')),
    dataDir: path(text('WHENCE_DATA_DIR')),
    modelsFile: path(text('WHENCE_MODELS_FILE')),
    backend: choice('WHENCE_BACKEND', ['auto', 'tensorflow', 'wasm']),
    threads: integer('WHENCE_THREADS', 0, 1024),
    pool: text('WHENCE_POOL'),
    apiKeys: apiKeys(list('WHENCE_API_KEYS')),
    resultTtlSeconds: integer('WHENCE_RESULT_TTL_SECONDS', 1, 31_536_000),
    maxQueue: integer('WHENCE_MAX_QUEUE', 1, 1_000_000),
    jobTimeoutSeconds: integer('WHENCE_JOB_TIMEOUT_SECONDS', 1, 604_800),
    memoryBudgetMb: budget > 0 ? budget : Math.floor((totalmem() / MB) * 0.75),
    rateLimitPerMinute: integer('WHENCE_RATE_LIMIT', 0, 1_000_000),
    trustProxy: trustProxy(list('WHENCE_TRUST_PROXY')),
    webhookAllowPrivate: flag('WHENCE_WEBHOOK_ALLOW_PRIVATE'),
    plugins: list('WHENCE_PLUGINS').map(path),
    logLevel: choice('WHENCE_LOG_LEVEL', LOG_LEVELS),
  };
}

function defaultOf(name: Name): string {
  return VARIABLES.find((variable) => variable.name === name)?.fallback ?? '';
}

/** A misspelt variable would be silently without effect. */
function refuseUnknown(env: NodeJS.ProcessEnv): void {
  const known = new Set<string>(VARIABLES.map(({ name }) => name));
  for (const name of Object.keys(env)) {
    if (!name.startsWith('WHENCE_') || known.has(name)) continue;
    throw new ConfigError(name, env[name] ?? '', `no such setting; known are ${[...known].join(', ')}`);
  }
}

function redisUrl(value: string): string | null {
  if (value === '') return null;
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol)) {
    // The value may hold a password: it is not repeated.
    throw new ConfigError('WHENCE_REDIS_URL', '…', 'give a URL such as redis://127.0.0.1:6379');
  }
  return value;
}

const MOST_PROXIES = 16;

/** The number of proxies, or their addresses and subnets. */
function trustProxy(entries: string[]): boolean | number | string[] {
  const [first] = entries;
  if (entries.length === 1 && (first === 'true' || first === 'false')) return first === 'true';
  if (entries.length === 1 && /^\d+$/.test(first) && Number(first) <= MOST_PROXIES) return Number(first);
  const wrong = entries.find((entry) => !isAddress(entry) && !isSubnet(entry));
  if (wrong === undefined) return entries;
  const remedy =
    `give true, false, the number of proxies in front (at most ${MOST_PROXIES}), or their addresses and subnets such as ` +
    '10.0.0.0/8';
  throw new ConfigError('WHENCE_TRUST_PROXY', wrong, remedy);
}

const isAddress = (text: string): boolean => isIP(text) !== 0;

function isSubnet(text: string): boolean {
  const [address, bits] = text.split('/');
  return isAddress(address) && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (isIP(address) === 6 ? 128 : 32);
}

const KEY_CHARACTERS = 16;

function apiKeys(keys: string[]): string[] {
  if (keys.some((key) => key.length < KEY_CHARACTERS)) {
    throw new ConfigError('WHENCE_API_KEYS', '…', `each key must have at least ${KEY_CHARACTERS} characters`);
  }
  return keys;
}
