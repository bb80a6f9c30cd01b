/** Results that are kept for requests that ask for the same: their bytes, their order, their end. Real Redis, no engine. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { pack, tailOf } from '../../src/jobs/packing.ts';
import { connectForWorker } from '../../src/jobs/redis.ts';
import { WorkerStore } from '../../src/jobs/worker-store.ts';
import { testRequest } from '../support/jobs.ts';
import { startRedis } from '../support/jobs-redis.ts';

const MB = 2 ** 20;
const ALONE = { jobs: 1, texts: 1, work: 0 };
const CACHE = { fingerprint: 'f', lookup: true };

/** A store whose results are what a test says. `megabytes`: of each of its processes. */
async function startStore(t: TestContext, megabytes: number, ttlSeconds = 60) {
  const redis = await startRedis();
  const config = { redisUrl: redis.url, resultTtlSeconds: ttlSeconds, maxQueue: 1000, resultCacheMb: megabytes };
  const jobs = await createJobs(config);
  const connection = connectForWorker(redis.url, new AbortController().signal);
  const look = new Redis(redis.url);
  t.after(async () => {
    look.disconnect();
    connection.disconnect();
    await jobs.close();
    await redis.stop();
  });
  const store = new WorkerStore(connection, ttlSeconds, megabytes);
  /** Asks; where the result is not kept, computes it, with so many random bytes. Whether it was kept. */
  const ask = async (seed: number, options: { bytes?: number; failedTexts?: number; fingerprint?: string } = {}) => {
    const { bytes = 1_000, failedTexts = 0, fingerprint = CACHE.fingerprint } = options;
    const { job } = await jobs.submit(testRequest({}, { seed }), { pool: 'default', cache: CACHE });
    if (job.status === 'succeeded') return { kept: true, id: job.id };
    const { jobs: taken } = await store.take('default', 'turn', 'worker', ALONE);
    const attempt = (await store.open(taken[0])) ?? assert.fail('no job');
    const text = randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64');
    const results = {
      result: await pack(tailOf({ text })),
      inseq: await pack('{}'),
      failedTexts,
      usage: { tokens: 1, passes: 1 },
      fingerprint,
    };
    assert.ok(await store.succeed(attempt, results, { seconds: 1, estimate: null }));
    return { kept: false, id: job.id };
  };
  /** What is kept: entries, and the bytes that are told of them. */
  const kept = async () => ({
    entries: (await look.keys('whence:cache:*')).length,
    bytes: Number((await look.hget('whence:cache-bytes', 'total')) ?? 0),
  });
  return { jobs, ask, kept, look, store };
}

test('head and tail of a result are one gzip member, whatever their sizes', async (t) => {
  const { jobs, ask } = await startStore(t, 64);
  for (const [seed, bytes] of [0, 4, 100, 65_535, 65_536, 70_000, 1_000_000].entries()) {
    const first = await ask(seed, { bytes });
    const text = (await jobs.result(first.id, 'json'))?.toString() ?? ''; // zlib checks CRC-32 and length
    assert.equal(JSON.parse(text).job_id, first.id);
    const again = await ask(seed, { bytes });
    assert.equal(again.kept, true);
    assert.equal((await jobs.result(again.id, 'json'))?.toString(), text.replace(first.id, again.id));
  }
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`ä ${i}`, '"\\\n€'.repeat(1_000)])); // more than a block
  const { job } = await jobs.submit(testRequest({}, { seed: 3, metadata }), { pool: 'default', cache: CACHE });
  assert.equal(job.status, 'succeeded');
  assert.deepEqual(JSON.parse((await jobs.result(job.id, 'json'))?.toString() ?? '').metadata, metadata);
});

test('what is kept has a limit of bytes, and the least recently used goes first', async (t) => {
  const { ask, kept } = await startStore(t, 1);
  const bytes = 100_000;
  for (let seed = 0; seed < 10; seed++) await ask(seed, { bytes });
  assert.equal((await ask(0, { bytes })).kept, true, 'used again');
  for (let seed = 10; seed < 15; seed++) await ask(seed, { bytes });
  const { bytes: held } = await kept();
  assert.ok(held <= MB && held > MB - 2 * bytes, `${held} bytes`);
  assert.equal((await ask(0, { bytes })).kept, true, 'it was used after 1, 2 and so on');
  assert.equal((await ask(14, { bytes })).kept, true);
  assert.equal((await ask(1, { bytes })).kept, false);
});

test('the limit holds what Redis needs for many small results', async (t) => {
  const { ask, kept, look } = await startStore(t, 1);
  const used = async () => Number(/used_memory:(\d+)/.exec(await look.info('memory'))?.[1]);
  for (let seed = 0; seed < 50; seed++) await ask(seed);
  await look.flushall();
  const before = await used();
  const jobsAlone = await startStore(t, 0);
  const usedAlone = async () => Number(/used_memory:(\d+)/.exec(await jobsAlone.look.info('memory'))?.[1]);
  const beforeAlone = await usedAlone();
  for (let seed = 0; seed < 400; seed++) {
    await ask(seed);
    await jobsAlone.ask(seed);
  }
  const { entries, bytes } = await kept();
  const measured = (await used()) - before - ((await usedAlone()) - beforeAlone);
  assert.equal(entries, 400);
  assert.ok(measured < bytes * 1.25, `${measured} bytes for what counts as ${bytes}`);
});

test('one large result pushes nothing out: it is not kept', async (t) => {
  const { ask, kept } = await startStore(t, 1);
  await ask(1, { bytes: 1_000 });
  await ask(2, { bytes: MB / 4 });
  assert.equal((await ask(2, { bytes: 10 })).kept, false);
  assert.equal((await ask(1)).kept, true);
  assert.equal((await kept()).entries, 2, 'the small results of both');
});

test('a result of which a text failed, or of another checkpoint than was known, is not kept', async (t) => {
  const { ask, kept } = await startStore(t, 1);
  await ask(1, { failedTexts: 1 });
  await ask(2, { fingerprint: 'another' });
  assert.deepEqual(await kept(), { entries: 0, bytes: 0 });
  assert.equal((await ask(1)).kept, false);
});

test('uses do not extend the time to live, and nothing stays behind it', async (t) => {
  const { ask, kept, look, store } = await startStore(t, 1, 2);
  await ask(1);
  const end = Date.now() + 2_000;
  let hits = 0;
  while ((await ask(1)).kept) {
    hits++;
    assert.ok(Date.now() < end + 5_000, 'it is kept for longer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(hits > 3, `${hits} hits`);
  await look.del(...(await look.keys('whence:cache:*'))); // that of the last computation
  const names = await look.keys('whence:cache*');
  for (const name of names) assert.ok((await look.ttl(name)) > 0, name);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await store.sweep();
  assert.deepEqual(await look.keys('whence:cache*'), []);
  assert.deepEqual(await kept(), { entries: 0, bytes: 0 });
});

test('where it is switched off, nothing is kept, and what was is given up', async (t) => {
  const { ask, kept, look, jobs } = await startStore(t, 1);
  await ask(1);
  const connection = connectForWorker(urlOf(look), new AbortController().signal);
  t.after(() => connection.disconnect());
  const off = new WorkerStore(connection, 60, 0);
  const { job } = await jobs.submit(testRequest({}, { seed: 9 }), { pool: 'default', cache: CACHE });
  const { jobs: taken } = await off.take('default', 'turn', 'worker', ALONE);
  const attempt = (await off.open(taken[0])) ?? assert.fail('no job');
  assert.equal(attempt.id, job.id);
  assert.ok(await off.fail(attempt, { code: 'x', message: 'y', pointer: null }, { seconds: 1, estimate: null }));
  assert.deepEqual(await kept(), { entries: 0, bytes: 0 });
});

const urlOf = ({ options: { port } }: Redis): string => `redis://127.0.0.1:${port}`;
