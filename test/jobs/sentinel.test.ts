/** Redis behind sentinels: when the primary dies or hangs, jobs are taken and computed on the next one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { StoreUnavailableError } from '../../src/jobs/jobs.ts';
import { sentinelsOf } from '../../src/redis-address.ts';
import { findRedisServer } from '../../src/supervisor/redis.ts';
import { startWorker } from '../../src/worker/main.ts';
import { eventually, testRequest } from '../support/jobs.ts';
import { freePort } from '../support/jobs-redis.ts';

const PASSWORD = 'a pass/word';

/** A primary, a replica, and three sentinels that watch them. */
async function startSentinels(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'whence-sentinel-'));
  const program = findRedisServer(loadConfig({}).dataDir) ?? 'redis-server';
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
    }
    rmSync(dir, { recursive: true });
  });
  const start = async (name: string, settings: string[], ...args: string[]) => {
    const folder = join(dir, name);
    mkdirSync(folder);
    const file = join(folder, 'redis.conf'); // sentinels write what they learn into it
    writeFileSync(file, [...settings, 'bind 127.0.0.1', `dir ${folder}`].join('\n'));
    const child = spawn(program, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    process.once('exit', () => child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stdout })) {
      if (/Ready to accept connections|Sentinel ID is|\+monitor master/.test(line)) break;
    }
    child.stdout.resume();
    return child;
  };
  const [first, second] = [await freePort(), await freePort()];
  const auth = [`requirepass "${PASSWORD}"`, `masterauth "${PASSWORD}"`, 'appendonly yes', 'save ""'];
  const primary = await start('primary', [`port ${first}`, ...auth]);
  await start('replica', [`port ${second}`, ...auth, `replicaof 127.0.0.1 ${first}`]);
  const replica = new Redis(second, { password: PASSWORD });
  await eventually(async () => (await replica.info('replication')).includes('master_link_status:up'));
  replica.disconnect();
  const ports = [await freePort(), await freePort(), await freePort()];
  for (const port of ports) {
    await start(
      `sentinel-${port}`,
      [
        `port ${port}`,
        `sentinel monitor jobs 127.0.0.1 ${first} 2`,
        `sentinel auth-pass jobs "${PASSWORD}"`,
        'sentinel down-after-milliseconds jobs 1000',
        'sentinel failover-timeout jobs 5000',
      ],
      '--sentinel',
    );
  }
  const sentinel = new Redis(ports[0]);
  t.after(() => sentinel.disconnect());
  await eventually(async () => {
    const known = (await sentinel.call('SENTINEL', 'MASTER', 'jobs')) as string[];
    const field = (name: string) => known[known.indexOf(name) + 1];
    return field('num-other-sentinels') === '2' && field('num-slaves') === '1';
  });
  const places = ports.map((port) => `127.0.0.1:${port}`).join(',');
  return { url: `redis-sentinel://:${encodeURIComponent(PASSWORD)}@${places}/jobs`, primary };
}

for (const [how, signal] of [
  ['dies', 'SIGKILL'],
  ['hangs', 'SIGSTOP'],
] as const) {
  test(`when the primary ${how}, jobs go on at the next one`, async (t) => {
    const { url, primary } = await startSentinels(t);
    const config = { ...loadConfig({ WHENCE_REDIS_URL: url }), redisUrl: url };
    const jobs = await createJobs(config);
    t.after(() => jobs.close());
    const engineModule = new URL('../support/jobs-engine.ts', import.meta.url).href;
    const worker = await startWorker(config, {
      engineModule,
      heartbeatMs: 300,
      reconcileMs: 1_000,
      lockMs: 1_000,
      drainMs: 0,
      log: pino({ level: 'silent' }),
    });
    t.after(() => worker.close());
    const run = async () => {
      const { job } = await jobs.submit(testRequest({ steps: 1 }), { pool: 'default' });
      return (await jobs.wait(job.id, 20))?.status;
    };
    assert.equal(await run(), 'succeeded');

    primary.kill(signal);
    await assert.rejects(jobs.submit(testRequest(), { pool: 'default' }), StoreUnavailableError);
    await eventually(() =>
      jobs.health().then(
        () => true,
        () => false,
      ),
    );
    assert.equal(await run(), 'succeeded');
  });
}

test('addresses of sentinels are read as they are meant, and others are none', () => {
  const at = (host: string, port = 26_379) => ({ host, port });
  assert.deepEqual(sentinelsOf('redis-sentinel://a,b:1/jobs'), { sentinels: [at('a'), at('b', 1)], name: 'jobs' });
  assert.deepEqual(sentinelsOf('redis-sentinel://me:p%40ss@[::1]:5/x?sentinel_password=s%2Ft'), {
    sentinels: [at('::1', 5)],
    name: 'x',
    username: 'me',
    password: 'p@ss',
    sentinelPassword: 's/t',
  });
  for (const other of [
    'redis://a/0',
    'redis-sentinel://a',
    'redis-sentinel:///x',
    'redis-sentinel://a:99999/x',
    'redis-sentinel://:%@a/x',
  ]) {
    assert.equal(sentinelsOf(other), null, other);
    if (other !== 'redis://a/0')
      assert.throws(() => loadConfig({ WHENCE_REDIS_URL: other }), /WHENCE_REDIS_URL is "…": give a URL/);
  }
});
