/** `whence up`: an embedded Redis, the API and one worker, started, watched and stopped together. */

import { resolve } from 'node:path';
import { readModelsFile } from '../checkpoints/models-file.ts';
import type { Config } from '../config.ts';
import { UNUSABLE } from '../unusable.ts';
import { Child } from './child.ts';
import { type EmbeddedRedis, freePort, startEmbeddedRedis } from './redis.ts';
import { announce } from './welcome.ts';

const STOP_GRACE_MS = 25_000;
/** Without Redis no job can be finished or handed back. */
const STOP_GRACE_WITHOUT_REDIS_MS = 2_000;

export async function up(config: Config): Promise<void> {
  await refuseTakenPort(config);
  readModelsFile(config.modelsFile); // what is wrong with it is said before anything is started
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const baseUrl = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  const say = (line: string): void => console.log(line);
  let redis: EmbeddedRedis | null = null;
  if (config.redisUrl === null) {
    say('whence: starting Redis …');
    redis = await startEmbeddedRedis(config.dataDir, (reason) => {
      console.error(`whence: Redis ended; its data are safe, start again (${reason})`);
      void stop(1, STOP_GRACE_WITHOUT_REDIS_MS);
    });
  }
  const env = {
    ...process.env,
    WHENCE_PORT: String(port),
    WHENCE_REDIS_URL: config.redisUrl ?? redis?.url,
    WHENCE_DATA_DIR: resolve(config.dataDir),
    // One terminal for everything: only what needs attention, unless asked for more.
    WHENCE_LOG_LEVEL: process.env.WHENCE_LOG_LEVEL || 'warn',
  };
  let stopping: Promise<void> | null = null;
  const stop = (code: number, graceMs = STOP_GRACE_MS): Promise<void> => {
    stopping ??= (async () => {
      say('\nwhence: stopping …');
      await api.stop(graceMs);
      await worker.stop(graceMs);
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
  process.on('SIGHUP', () => {
    if (process.stdout.isTTY)
      void stop(0); // its terminal was closed
    else for (const child of [api, worker]) child.hangUp();
  });
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  say('whence: starting the API and a worker …');
  api.start();
  worker.start();
  await announce(baseUrl, config);
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
