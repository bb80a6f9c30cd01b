/** What is wrong with Redis is named: in the error, in the health check and in the log, without a secret. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { readiness } from '../../src/api/catalogue/readiness.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { StoreUnavailableError } from '../../src/jobs/jobs.ts';
import { NoAnswerError } from '../../src/jobs/patience.ts';
import { troubleOf } from '../../src/jobs/trouble.ts';
import { eventually, startBench, testRequest } from '../support/jobs.ts';
import { startRedis } from '../support/jobs-redis.ts';

/** A log, and the lines that were written to it. */
function recorder() {
  const lines: { level: number; msg: string; redis?: string }[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  return { log: pino(stream), lines };
}

async function connect(t: TestContext, redisUrl: string) {
  const { log, lines } = recorder();
  const jobs = await createJobs({ redisUrl, resultTtlSeconds: 60, maxQueue: 10, resultCacheMb: 0 }, log);
  t.after(() => jobs.close());
  return { jobs, lines };
}

const submit = (jobs: Awaited<ReturnType<typeof createJobs>>) => jobs.submit(testRequest(), { pool: 'default' });

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return error.trouble.code;
    throw error;
  }
  return 'none';
}

test('a full Redis is full: submitting says so, reading goes on, and the service is not ready', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  const job = await bench.submit();
  await jobs.wait(job.id, 20);
  assert.equal((await readiness(jobs)).status, 'ready');
  await direct.config('SET', 'maxmemory', '1mb');
  await assert.rejects(bench.submit(), (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.equal(error.name, 'StoreUnavailableError', 'nothing was accepted, for certain');
    assert.equal(error.trouble.code, 'OOM');
    assert.match(error.message, /Redis, which holds the jobs, is full/);
    return true;
  });
  assert.equal((await jobs.get(job.id))?.status, 'succeeded');
  const state = await readiness(jobs);
  assert.equal(state.status, 'unavailable');
  assert.equal(state.redis.up, true);
  assert.equal(state.workers.length, 1);
  assert.match(state.problems[0], /Redis is full\. .*maxmemory/);
  await direct.config('SET', 'maxmemory', '0');
  await bench.submit();
  await eventually(async () => (await readiness(jobs)).status === 'ready');
});

test('a read-only replica and a server that cannot save are named', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  await direct.config('SET', 'min-replicas-to-write', '3');
  assert.equal(await codeOf(bench.submit()), 'NOREPLICAS');
  assert.match((await readiness(jobs)).problems[0], /lacks replicas and refuses writes.*min-replicas-to-write/);
  await direct.config('SET', 'min-replicas-to-write', '0');
  await direct.replicaof('127.0.0.1', 1);
  assert.equal(await codeOf(bench.submit()), 'READONLY');
  assert.match((await readiness(jobs)).problems[0], /read-only replica.*WHENCE_REDIS_URL.*primary/);
});

test('a wrong password, a missing one and a missing right are named, once each in the log', async (t) => {
  const redis = await startRedis({ password: 'hunter2' });
  t.after(() => redis.stop());
  const admin = new Redis(redis.url);
  t.after(() => admin.disconnect());
  await admin.call('ACL', 'SETUSER', 'reader', 'on', '>hunter3', '~*', '&*', '+@all', '-@scripting');
  const urls = {
    WRONGPASS: redis.url.replace('hunter2', 'wrong-secret'),
    NOAUTH: redis.url.replace(':hunter2@', ''),
    NOPERM: redis.url.replace(':hunter2@', 'reader:hunter3@'),
  };
  for (const [code, url] of Object.entries(urls)) {
    const { jobs, lines } = await connect(t, url);
    assert.equal(await codeOf(submit(jobs)), code);
    if (code === 'NOPERM') continue; // the connection itself works
    const { problems, redis: state } = await readiness(jobs);
    assert.equal(state.up, true, 'it answers, and refuses');
    assert.match(problems[0], /password.*WHENCE_REDIS_URL/);
    await eventually(async () => lines.length > 0);
    assert.deepEqual(
      lines.map((line) => line.redis),
      [code],
    );
    assert.doesNotMatch(JSON.stringify(lines), /wrong-secret|hunter/);
  }
});

test('a Redis that is away is logged once, and when it is back', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { jobs, lines } = await connect(t, redis.url);
  await submit(jobs);
  await redis.kill();
  await eventually(async () => (await codeOf(submit(jobs))) === 'ECONNREFUSED');
  assert.match((await readiness(jobs)).problems[0], /Redis does not answer: it cannot be reached \(ECONNREFUSED\)/);
  await redis.start();
  await eventually(async () => lines.some(({ msg }) => msg === 'Redis is back'));
  const said = lines.map(({ msg, redis: code }) => code ?? msg);
  assert.equal(said.at(-1), 'Redis is back');
  assert.equal(new Set(said).size, said.length, `nothing is said twice: ${said}`);
});

test('a Redis that may evict jobs is warned of in the log and the health check; BullMQ is quiet', async (t) => {
  const bench = await startBench(t);
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  const shouts = t.mock.method(console, 'warn', () => {});
  await direct.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const { jobs, lines } = await connect(t, bench.redis.url);
  const { log, lines: workerLines } = recorder();
  await bench.worker({ log });
  await submit(jobs);
  await eventually(async () => lines.length > 0 && workerLines.some(({ msg }) => msg.includes('allkeys-lru')));
  assert.match(lines[0].msg, /maxmemory-policy is allkeys-lru\. Set it to noeviction/);
  const state = await readiness(jobs);
  assert.equal(state.status, 'ready');
  assert.match(state.problems.join(), /allkeys-lru/);
  assert.equal(shouts.mock.callCount(), 0);
  await direct.config('SET', 'maxmemory-policy', 'noeviction');
  assert.deepEqual((await readiness(jobs)).problems, []);
});

test('errors are told by class and code', () => {
  class ReplyError extends Error {
    override readonly name = 'ReplyError';
  }
  const coded = (code: string) => Object.assign(new Error('whatever'), { code });
  assert.equal(troubleOf(new ReplyError('LOADING Redis is loading the dataset in memory'))?.code, 'LOADING');
  assert.equal(troubleOf(new ReplyError('ERR max number of clients reached'))?.code, 'MAXCLIENTS');
  const wrapped = 'ERR Error running script (call to f_1): @user_script:12: -OOM command not allowed when …';
  assert.equal(troubleOf(new ReplyError(wrapped))?.code, 'OOM', 'as servers before Redis 7 say it');
  assert.equal(troubleOf(new ReplyError('ERR wrong number of arguments')), null);
  assert.equal(troubleOf(new Error('OOM in a message of another class')), null);
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT']) {
    assert.match(troubleOf(coded(code))?.reason ?? '', new RegExp(code));
  }
  assert.match(troubleOf(new NoAnswerError(750))?.reason ?? '', /750 ms/);
  assert.equal(troubleOf('text'), null);
});
