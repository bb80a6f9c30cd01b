/** API and workers as processes of their own on one Redis, as an operator runs them, and able to die. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config.ts';
import { NODE_ARGS } from '../../src/programs.ts';
import type { WorkerTuning } from '../../src/worker/main.ts';
import { freePort, startRedis, type TestRedis } from '../support/jobs-redis.ts';
import { PROJECT } from '../support/up.ts';
import { Client } from './client.ts';

const READY_MS = 120_000;
const TUNED_WORKER = fileURLToPath(new URL('../support/jobs-worker.ts', import.meta.url));

export interface Program {
  readonly pid: number;
  isAlive(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  ended: Promise<unknown>;
  /** The end of what it has printed. */
  log(): string;
}

export interface Stack {
  redis: TestRedis;
  client: Client;
  api: Program;
  workers: Program[];
  startApi(): Program;
  startWorker(): Program;
  /** The process of the engine of a worker; null while there is none. */
  engineOf(worker: Program): number | null;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStack({
  workers = 1,
  settings = {},
  redisSettings = [],
  folder = PROJECT,
  tuning,
}: {
  workers?: number;
  settings?: Record<string, string>;
  redisSettings?: string[];
  /** Where the program is. */
  folder?: string;
  /** Of workers; left out: as they are delivered. */
  tuning?: Partial<WorkerTuning>;
} = {}): Promise<Stack> {
  const redis = await startRedis({ settings: redisSettings });
  const dataDir = mkdtempSync(join(tmpdir(), 'whence-promise-'));
  const port = await freePort();
  const env = {
    WHENCE_REDIS_URL: redis.url,
    WHENCE_PORT: `${port}`,
    WHENCE_DATA_DIR: dataDir,
    WHENCE_MAX_QUEUE: '10000',
    WHENCE_LOG_LEVEL: 'warn',
    WHENCE_THREADS: '1',
    ...settings,
  };
  const client = new Client(`http://127.0.0.1:${port}`);
  const startApi = () => start('api', env, folder);
  const startWorker = () => {
    if (tuning === undefined) return start('worker', env, folder);
    const config = { ...loadConfig(env), redisUrl: redis.url };
    return run([...NODE_ARGS, TUNED_WORKER, JSON.stringify({ config, tuning, logs: true })], env, folder);
  };
  const stack: Stack = {
    redis,
    client,
    api: startApi(),
    workers: Array.from({ length: workers }, startWorker),
    startApi,
    startWorker,
    engineOf: ({ pid }) => childrenOf(pid).find((child) => commandOf(child).includes('engine-child')) ?? null,
    ready: () =>
      until('the service is ready', READY_MS, async () => {
        const alive = stack.workers.filter((worker) => worker.isAlive()).length;
        if (alive === 0) return (await client.get('/health/live')).status === 200; // without workers it is not ready
        const { status, json } = await client.get('/health/ready');
        return status === 200 && (json.workers as unknown[]).length >= alive;
      }),
    stop: async () => {
      for (const program of [stack.api, ...stack.workers]) program.signal('SIGKILL');
      await Promise.all([stack.api, ...stack.workers].map(({ ended }) => ended));
      await redis.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await stack.ready();
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return stack;
}

const start = (command: 'api' | 'worker', settings: Record<string, string>, folder: string): Program =>
  run(['bin/whence.mjs', command], settings, folder);

function run(args: string[], settings: Record<string, string>, folder: string): Program {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WHENCE_'));
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log = (log + chunk).slice(-100_000);
    });
  }
  const orphan = () => child.kill('SIGKILL');
  process.once('exit', orphan);
  const ended = once(child, 'exit').then(() => process.off('exit', orphan));
  return {
    pid: child.pid as number,
    isAlive: () => alive(child),
    signal: (signal) => void child.kill(signal),
    ended,
    log: () => log,
  };
}

const alive = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Kills a process by its number; whether it was there. */
export function kill(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

const childrenOf = (pid: number): number[] =>
  (read(`/proc/${pid}/task/${pid}/children`) ?? '').split(/\s+/).filter(Boolean).map(Number);

const commandOf = (pid: number): string => (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');

/** Resident megabytes of a process; null where it is gone. */
export function residentMb(pid: number): number | null {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // the process is gone
  }
}

/** Looks until something is so. */
export async function until(what: string, limitMs: number, check: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await check()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
  }
}
