/** A real Redis server for one test file: AOF on, as in production, and able to die and come back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../src/config.ts';
import { findRedisServer } from '../../src/supervisor/redis.ts';

export interface TestRedis {
  url: string;
  /** SIGKILL: nothing is written any more. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: connected, but silent. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export async function startRedis(options: { password?: string; settings?: string[] } = {}): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'whence-redis-'));
  const port = await freePort();
  const { password, settings: own = [] } = options;
  const program = findRedisServer(loadConfig({}).dataDir) ?? 'redis-server';
  let server: ChildProcess | null = null;

  const kill = async () => {
    if (server === null) return;
    const exited = once(server, 'exit');
    server.kill('SIGCONT');
    server.kill('SIGKILL');
    await exited;
    server = null;
  };
  const start = async () => {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes'];
    if (password !== undefined) settings.push('--requirepass', password);
    const started = spawn(program, [...settings, '--maxmemory-policy', 'noeviction', ...own], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = started;
    const orphan = () => started.kill('SIGKILL');
    process.once('exit', orphan);
    started.once('exit', () => process.off('exit', orphan));
    for await (const line of createInterface({ input: started.stdout })) {
      if (line.includes('Ready to accept connections')) break;
    }
    started.stdout.resume();
  };
  await start();
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    kill,
    start,
    freeze: () => server?.kill('SIGSTOP'),
    thaw: () => server?.kill('SIGCONT'),
    stop: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
