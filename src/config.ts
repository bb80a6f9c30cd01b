/** The configuration: one table of environment variables, of which its type and the README's table are made. */

import type { DeviceChoice } from './cuda-environment.ts';
import {
  baseUrl,
  ConfigError,
  choice,
  flag,
  integer,
  keys,
  optionalPath,
  path,
  paths,
  proxies,
  redisUrl,
  type Setting,
  secret,
  text,
} from './setting-kinds.ts';

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** By field of the configuration, in the order of the README's table. */
const SETTINGS = {
  host: text('WHENCE_HOST', '127.0.0.1', 'Address that the API listens on.'),
  port: integer('WHENCE_PORT', 0, 65_535, 3000, 'Port of the API; 0 takes a free one.'),
  redisUrl: redisUrl(
    'WHENCE_REDIS_URL',
    '`redis://` or `rediss://` URL, or `redis-sentinel://host:port,host:port/name`; empty: `whence up` starts a Redis of its own.',
  ),
  dataDir: path(
    'WHENCE_DATA_DIR',
    '.whence',
    'Where the embedded Redis keeps its data, and the API its secret; two instances need two.',
  ),
  modelsFile: path(
    'WHENCE_MODELS_FILE',
    'models/models.json',
    'The models to serve; relative paths in it start from its folder.',
  ),
  backend: choice(
    'WHENCE_BACKEND',
    ['auto', 'tensorflow', 'webgpu', 'wasm'],
    'auto',
    '`tensorflow` (native), `webgpu`, `wasm`, or `auto`: native where it was built, else WebGPU where there is a GPU, else WASM.',
  ),
  device: choice<DeviceChoice>(
    'WHENCE_DEVICE',
    ['auto', 'cpu', 'cuda'],
    'auto',
    'What the native backend computes on: `cpu`, `cuda` (an NVIDIA GPU), or `auto`: `cuda` where there is an NVIDIA driver. Setup reads it too.',
  ),
  threads: integer('WHENCE_THREADS', 0, 1024, 0, 'Threads of the native backend; 0: one for each core.'),
  pool: text('WHENCE_POOL', 'default', 'Pool of models that this worker serves.'),
  apiKeys: keys(
    'WHENCE_API_KEYS',
    16,
    'Comma-separated keys, one of which each request must show, with the scopes submit and read; empty: none is asked for, unless there is a keys file.',
  ),
  keysFile: optionalPath(
    'WHENCE_KEYS_FILE',
    'JSON file with named API keys, their scopes and weights, which `whence keys` writes; a change is taken over within a second.',
  ),
  allowNoKeys: flag(
    'WHENCE_ALLOW_NO_KEYS',
    'Whether the API may listen on other addresses than the loopback ones without keys.',
  ),
  secret: secret(
    'WHENCE_SECRET',
    32,
    'What sign-in cookies and share links are signed with; the same for all API processes. Empty: one is made in the data directory.',
  ),
  sessionSeconds: integer('WHENCE_SESSION_SECONDS', 60, 31_536_000, 604_800, 'How long a browser stays signed in.'),
  shareSeconds: integer(
    'WHENCE_SHARE_SECONDS',
    60,
    31_536_000,
    604_800,
    'How long a share link (`links.share`) works.',
  ),
  mcp: flag('WHENCE_MCP', 'Whether agents may use the service at `/mcp` (Model Context Protocol).'),
  resultTtlSeconds: integer(
    'WHENCE_RESULT_TTL_SECONDS',
    1,
    31_536_000,
    86_400,
    'How long ended jobs and their results are kept.',
  ),
  resultCacheMb: integer(
    'WHENCE_RESULT_CACHE_MB',
    0,
    1_048_576,
    64,
    'Megabytes of results that Redis keeps for requests that ask for the same, beside the results of jobs; 0: none.',
  ),
  maxQueue: integer('WHENCE_MAX_QUEUE', 1, 1_000_000, 1000, 'Most jobs that may wait in one pool.'),
  jobTimeoutSeconds: integer('WHENCE_JOB_TIMEOUT_SECONDS', 1, 604_800, 3600, 'A job that computes for longer fails.'),
  memoryBudgetMb: integer(
    'WHENCE_MEMORY_BUDGET_MB',
    0,
    16_777_216,
    0,
    "Megabytes for loaded models and activations; 0: three quarters of the memory, with CUDA of the GPU's, and 4,608 with WebGPU, which does not tell.",
  ),
  rateLimitPerMinute: integer('WHENCE_RATE_LIMIT', 0, 1_000_000, 0, 'Requests a minute for each client; 0: no limit.'),
  trustProxy: proxies(
    'WHENCE_TRUST_PROXY',
    'Whose `X-Forwarded-*` headers are believed: how many proxies stand in front (`true`: one), or their addresses and ' +
      'subnets, comma-separated.',
  ),
  publicUrl: baseUrl(
    'WHENCE_PUBLIC_URL',
    'Where clients reach the API (`https://example.org/whence`): links lead there; empty: they are paths.',
  ),
  webhookAllowPrivate: flag(
    'WHENCE_WEBHOOK_ALLOW_PRIVATE',
    'Whether webhooks may go to loopback and private addresses.',
  ),
  plugins: paths(
    'WHENCE_PLUGINS',
    "Comma-separated paths of modules with methods and step functions of the operator's own.",
  ),
  logLevel: choice('WHENCE_LOG_LEVEL', LOG_LEVELS, 'info', `One of ${LOG_LEVELS.join(', ')}.`),
} satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;

export type Config = { [Field in keyof Settings]: ReturnType<Settings[Field]['parse']> };

/** Every variable that Whence reads. */
export const VARIABLES: readonly Setting<unknown>[] = Object.values(SETTINGS);

/** Variables of clients, such as `whence attribute-dataset`, which may stand beside the service's. */
const OF_CLIENTS = ['WHENCE_URL', 'WHENCE_API_KEY'];

/**
 * Reads the configuration.
 * @throws {ConfigError} where a variable has a value that it cannot have, or a WHENCE_ variable is not known
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  refuseUnknown(env);
  const read = ({ name, fallback, parse }: Setting<unknown>): unknown => parse(env[name]?.trim() || fallback);
  const entries = Object.entries(SETTINGS).map(([field, setting]) => [field, read(setting)]);
  return Object.fromEntries(entries) as Config; // each field by its own setting
}

/** A misspelt variable would be silently without effect. */
function refuseUnknown(env: NodeJS.ProcessEnv): void {
  const known = VARIABLES.map(({ name }) => name);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('WHENCE_') || known.includes(name) || OF_CLIENTS.includes(name)) continue;
    throw new ConfigError(name, env[name] ?? '', `no such setting; known are ${known.join(', ')}`);
  }
}
