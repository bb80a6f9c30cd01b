/** Redis away, silent, refusing, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import type { JobEvent } from '../../src/contract/events.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { StoreUnavailableError } from '../../src/jobs/jobs.ts';
import { startWorker } from '../../src/worker/main.ts';
import { eventually, startBench, testRequest, untilStep } from '../support/jobs.ts';
import { startRedis } from '../support/jobs-redis.ts';

test('while Redis is away every call fails within a second, and it works again by itself', async (t) => {
  const bench = await startBench(t);
  const { jobs, redis } = bench;
  const job = await bench.submit();
  const signal = AbortSignal.timeout(20_000);
  const calls = {
    submit: () => bench.submit(),
    get: () => jobs.get(job.id),
    list: () => jobs.list({ limit: 1 }),
    request: () => jobs.request(job.id),
    result: () => jobs.result(job.id, 'json'),
    events: () => jobs.events(job.id, { signal })[Symbol.asyncIterator]().next(),
    wait: () => jobs.wait(job.id, 10),
    cancel: () => jobs.cancel(job.id),
    remove: () => jobs.remove(job.id),
    catalogue: () => jobs.catalogue(),
    workers: () => jobs.workers(),
    counts: () => jobs.counts(),
    ping: () => jobs.ping(),
  };
  const expectAway = async (how: string) => {
    await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const start = performance.now();
        await assert.rejects(call(), StoreUnavailableError, `${name} while Redis is ${how}`);
        const took = performance.now() - start;
        assert.ok(took < 1_000, `${name} took ${took} ms while Redis is ${how}`);
      }),
    );
  };
  redis.freeze();
  await expectAway('frozen');
  redis.thaw();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  await redis.kill();
  await expectAway('dead');
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await jobs.get(job.id))?.status, 'queued', 'nothing was lost');
  await bench.submit();
});

test('an API that starts before Redis works as soon as Redis is there', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  await redis.kill();
  const jobs = await createJobs({ redisUrl: redis.url, resultTtlSeconds: 60, maxQueue: 10, resultCacheMb: 0 });
  t.after(() => jobs.close());
  const submit = () => jobs.submit(testRequest(), { pool: 'default' });
  await assert.rejects(submit(), StoreUnavailableError);
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await submit()).job.status, 'queued');
});

test('a wrong password is a store that cannot be reached, and the password is in no message', async (t) => {
  const redis = await startRedis({ password: 'hunter2' });
  t.after(() => redis.stop());
  const url = redis.url.replace('hunter2', 'wrong-secret');
  const wrong = await createJobs({ redisUrl: url, resultTtlSeconds: 60, maxQueue: 10, resultCacheMb: 0 });
  t.after(() => wrong.close());
  await assert.rejects(wrong.ping(), (error: Error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /wrong-secret/);
    return true;
  });
  const right = await createJobs({ redisUrl: redis.url, resultTtlSeconds: 60, maxQueue: 10, resultCacheMb: 0 });
  t.after(() => right.close());
  assert.ok((await right.ping()) < 1_000);
});

test('Redis is killed and restarted: what waits, what runs and what is finished survive, and each job ends once', async (t) => {
  const bench = await startBench(t);
  const { jobs, redis } = bench;
  await bench.worker({ lockMs: 10_000 });
  const finished = await bench.submit();
  await jobs.wait(finished.id, 20);
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const running = await bench.submit({ log, gate, steps: 2 });
  await untilStep(jobs, running.id);
  const queued = [await bench.submit({ log }), await bench.submit({ log })];
  await redis.kill();
  await bench.open(gate); // the result is there while Redis is not
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  for (const { id } of [running, ...queued]) assert.equal((await jobs.wait(id, 20))?.status, 'succeeded');
  assert.equal((await bench.lines(log)).length, 3, 'nothing was computed twice');
  assert.notEqual(await jobs.result(finished.id, 'json'), null);
  await eventually(async () => (await jobs.workers()).length === 1);
});

test('an open event stream and a waiter live through a restart of Redis; a new stream reads on by the last event id', async (t) => {
  const bench = await startBench(t);
  const { jobs, redis } = bench;
  await bench.worker({ lockMs: 10_000 });
  const gate = bench.file('gate');
  const job = await bench.submit({ gate, steps: 3 });
  const signal = AbortSignal.timeout(20_000);
  const waited = jobs.wait(job.id, 20);
  const open = jobs.events(job.id, { signal })[Symbol.asyncIterator]();
  let last: string | undefined;
  for (let steps = 0; steps < 3; ) {
    const { value } = await open.next();
    last = value.id;
    if (value.event === 'step') steps++;
  }
  await redis.kill();
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  await bench.open(gate);
  const follow = async (events: AsyncIterable<JobEvent>) => {
    const names: string[] = [];
    for await (const { event } of events) if (event !== 'progress') names.push(event);
    return names;
  };
  assert.deepEqual(await follow({ [Symbol.asyncIterator]: () => open }), ['done']);
  assert.deepEqual(await follow(jobs.events(job.id, { after: last, signal })), ['done']);
  assert.equal((await waited)?.status, 'succeeded');
});

test('the API and a worker close in time while Redis is away', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const config = { ...loadConfig({}), redisUrl: redis.url };
  const jobs = await createJobs(config);
  await jobs.submit(testRequest(), { pool: 'other' });
  const engineModule = new URL('../support/jobs-engine.ts', import.meta.url).href;
  const worker = await startWorker(config, { engineModule, drainMs: 500, log: pino({ level: 'silent' }) });
  await redis.kill();
  const start = performance.now();
  await jobs.close();
  assert.ok(performance.now() - start < 1_000);
  await worker.close();
  assert.ok(performance.now() - start < 8_000, `${performance.now() - start} ms`);
});

test('a result that a full Redis refuses arrives when there is room again, and is computed once', async (t) => {
  const bench = await startBench(t);
  const { jobs, redis } = bench;
  await bench.worker({ lockMs: 10_000 });
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ log, gate, steps: 1 });
  await untilStep(jobs, job.id);
  const direct = new Redis(redis.url);
  t.after(() => direct.disconnect());
  await direct.config('SET', 'maxmemory', 1_000_000);
  await bench.open(gate);
  await sleep(1_000);
  assert.equal((await jobs.get(job.id))?.status, 'running');
  await direct.config('SET', 'maxmemory', 0);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.equal((await bench.lines(log)).length, 1);
});
