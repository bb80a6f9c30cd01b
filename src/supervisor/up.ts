/** `whence up`: an embedded Redis, the API and one worker, started, watched and stopped together. */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { Child, UNUSABLE } from './child.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from './redis.ts';

/** Longest wait for the first model to be ready, and how often to say that it goes on. */
const READY_MS = 180_000;
const SAY_MS = 5_000;
const STOP_GRACE_MS = 25_000;

export async function up(config: Config): Promise<void> {
  const baseUrl = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  await refuseTakenPort(config);
  const say = (line: string): void => console.log(line);
  let redis: EmbeddedRedis | null = null;
  if (config.redisUrl === null) {
    say('whence: starting Redis …');
    redis = await startEmbeddedRedis(config.dataDir);
  }
  const env = {
    ...process.env,
    WHENCE_REDIS_URL: config.redisUrl ?? redis?.url,
    WHENCE_DATA_DIR: resolve(config.dataDir),
    // One terminal for everything: only what needs attention, unless asked for more.
    WHENCE_LOG_LEVEL: process.env.WHENCE_LOG_LEVEL || 'warn',
  };
  let stopping: Promise<void> | null = null;
  const stop = (code: number): Promise<void> => {
    stopping ??= (async () => {
      say('\nwhence: stopping …');
      await api.stop(STOP_GRACE_MS);
      await worker.stop(STOP_GRACE_MS);
      await redis?.stop();
      process.exit(code);
    })();
    return stopping;
  };
  const givenUp = (name: string): void => {
    console.error(`whence: the ${name} cannot work as configured (see above)`);
    void stop(UNUSABLE);
  };
  const api = new Child('API', ['api'], env, givenUp);
  const worker = new Child('worker', ['worker'], env, givenUp);
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  redis?.process.on('exit', () => {
    if (stopping !== null) return;
    console.error('whence: Redis ended; its data are safe, start again');
    void stop(1);
  });
  say('whence: starting the API and a worker …');
  api.start();
  worker.start();
  await announce(baseUrl, say);
}

async function refuseTakenPort(config: Config): Promise<void> {
  const { createServer } = await import('node:net');
  await new Promise<void>((done, fail) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const remedy =
        error.code === 'EADDRINUSE'
          ? `port ${config.port} of ${config.host} is taken; set WHENCE_PORT (and WHENCE_DATA_DIR for a second instance) or stop what uses it`
          : `WHENCE_HOST ${config.host}, WHENCE_PORT ${config.port}: ${error.message}`;
      fail(new Error(remedy));
    });
    probe.listen(config.port, config.host, () => probe.close(() => done()));
  });
}

interface Ready {
  backend?: { name?: string; reason?: string };
}

/** Waits until a worker is ready, then says where everything is and gives one request that works. */
async function announce(baseUrl: string, say: (line: string) => void): Promise<void> {
  const started = Date.now();
  let said = started;
  while (Date.now() < started + READY_MS) {
    if (Date.now() - said > SAY_MS) {
      said = Date.now();
      say(`whence: the worker loads its first model: ${Math.round((said - started) / 1000)} s`);
    }
    try {
      const response = await fetch(`${baseUrl}/health/ready`);
      if (response.ok) {
        const ready = (await response.json()) as Ready;
        say(welcome(baseUrl, ready));
        return;
      }
    } catch {
      // not listening yet
    }
    await sleep(200);
  }
  say(`whence: no worker is ready yet; ${baseUrl}/health/ready says why`);
}

function welcome(baseUrl: string, { backend }: Ready): string {
  return `
whence is ready.
  API         ${baseUrl}
  Swagger UI  ${baseUrl}/docs
  Backend     ${backend?.name ?? 'unknown'} (${backend?.reason ?? 'see /health/ready'})

Which words made the model say "Paris"? Paste this:

  curl -s ${baseUrl}/attribute -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\
    -d '{"model": "facts-gpt2", "input_texts": "The capital of France is"}'

Ctrl-C stops everything.
`;
}
