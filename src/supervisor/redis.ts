/** The embedded Redis: a child process on a free loopback port, append-only file on, data in the data directory. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface EmbeddedRedis {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** The server's program: on the PATH, or where setup built one. Null: there is none. */
export function findRedisServer(dataDir: string): string | null {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return name;
    } catch {
      // not on the PATH
    }
  }
  const stamp = join(dataDir, 'redis-server.path');
  const built = existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : '';
  return built !== '' && existsSync(built) ? built : null;
}

/**
 * Starts Redis for one data directory and waits until it accepts connections.
 * @throws when there is no server program, or it ends before it is ready
 */
export async function startEmbeddedRedis(dataDir: string): Promise<EmbeddedRedis> {
  const program = findRedisServer(dataDir);
  if (program === null) {
    throw new Error(
      'no Redis server was found; install redis-server or valkey-server, or set WHENCE_REDIS_URL to one that runs',
    );
  }
  const dir = join(dataDir, 'redis');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const pidFile = join(dir, 'redis.pid');
  await endStray(pidFile, dataDir);
  const password = passwordOf(join(dir, 'password'));
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    appendonly: 'yes',
    save: '',
    'maxmemory-policy': 'noeviction',
    requirepass: password,
    pidfile: pidFile,
  };
  // A process group of its own: Ctrl-C in the terminal must not stop Redis before the worker has handed its job back.
  // Settings go by standard input: a password among the arguments could be read by any process.
  const server = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  server.stdin.end(
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value === '' ? '""' : value}`)
      .join('\n'),
  );
  const lines: string[] = [];
  let ready = false;
  for await (const line of createInterface({ input: server.stdout })) {
    lines.push(line);
    ready = line.includes('Ready to accept connections');
    if (ready) break;
  }
  if (!ready) throw new Error(`Redis ended before it was ready:\n${lines.slice(-5).join('\n')}`);
  server.stdout.resume();
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    process: server,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
    },
  };
}

/**
 * Ends a server that a killed supervisor left behind: two on one append-only file would destroy it.
 * @throws when its supervisor lives
 */
async function endStray(pidFile: string, dataDir: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (!isRedis(pid)) return;
  const parent = Number(ask(pid, 'ppid'));
  if (/\bwhence\S* up$/.test(ask(parent, 'args'))) {
    throw new Error(
      `process ${parent}, another \`whence up\`, works in ${dataDir}; set WHENCE_DATA_DIR (and WHENCE_PORT) for a second instance, or stop it`,
    );
  }
  process.kill(pid, 'SIGTERM');
  while (isRedis(pid)) await sleep(50);
}

/** Whether the process of that number lives and is a Redis server. */
function isRedis(pid: number): boolean {
  return /(redis|valkey)-ser/.test(ask(pid, 'comm'));
}

/** What `ps` tells about a process; empty where there is none. */
function ask(pid: number, field: 'comm' | 'ppid' | 'args'): string {
  const { stdout } = spawnSync('ps', ['-ww', '-p', String(pid), '-o', `${field}=`], { encoding: 'utf8' });
  return (stdout ?? '').trim();
}

function passwordOf(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

/** A port of an address that nothing listens on. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
