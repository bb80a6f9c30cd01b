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
  stop(): Promise<void>;
}

/** Before each attempt to start it again; a server that ran for STEADY_MS gets all of them again. */
const PAUSES_MS = [0, 500, 1_000, 2_000, 4_000];
const STEADY_MS = 60_000;

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
 * Starts Redis for one data directory, waits until it accepts connections, and starts it again, at the same address,
 * whenever it ends.
 * @param onLost - called with the reason when it cannot be started again
 * @throws when there is no server program, or it ends before it is ready
 */
export async function startEmbeddedRedis(dataDir: string, onLost: (reason: string) => void): Promise<EmbeddedRedis> {
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
  const server = new WatchedServer(() => launch(program, settings), onLost);
  await server.start();
  return { url: `redis://:${password}@127.0.0.1:${port}`, stop: () => server.stop() };
}

/** A server process that is started again whenever it ends. */
class WatchedServer {
  readonly #launch: () => Promise<ChildProcess>;
  readonly #onLost: (reason: string) => void;
  #process: ChildProcess | null = null;
  #attempts = 0;
  #startedAt = 0;
  #stopping = false;

  constructor(launch: () => Promise<ChildProcess>, onLost: (reason: string) => void) {
    this.#launch = launch;
    this.#onLost = onLost;
  }

  /** @throws where it ends before it is ready */
  async start(): Promise<void> {
    const server = await this.#launch();
    this.#process = server;
    this.#startedAt = Date.now();
    if (this.#stopping) return this.stop();
    server.on('exit', (code, signal) => {
      if (!this.#stopping) void this.#restart(signal ?? `exit code ${code}`);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const server = this.#process;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
  }

  async #restart(how: string): Promise<void> {
    console.error(`whence: Redis ended (${how}); its data are safe, starting it again`);
    if (Date.now() - this.#startedAt > STEADY_MS) this.#attempts = 0;
    let reason = how;
    while (this.#attempts < PAUSES_MS.length) {
      await sleep(PAUSES_MS[this.#attempts++]);
      if (this.#stopping) return;
      try {
        await this.start();
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    this.#onLost(reason);
  }
}

/** Starts the server and waits until it accepts connections. @throws with its last words where it ends before */
async function launch(program: string, settings: Record<string, string>): Promise<ChildProcess> {
  // A process group of its own: Ctrl-C in the terminal must not stop Redis before the worker has handed its job back.
  // Settings go by standard input: a password among the arguments could be read by any process.
  const server = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  server.stdin.end(
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value === '' ? '""' : value}`)
      .join('\n'),
  );
  const lines: string[] = [];
  for await (const line of createInterface({ input: server.stdout })) {
    lines.push(line);
    if (!line.includes('Ready to accept connections')) continue;
    server.stdout.resume();
    return server;
  }
  throw new Error(`Redis ended before it was ready:\n${lines.slice(-5).join('\n')}`);
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
