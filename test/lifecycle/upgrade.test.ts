/** Jobs of the version before 0.2, which lay in BullMQ by their own ids, are taken over. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { newJobId } from '../../src/jobs/ids.ts';
import { pack } from '../../src/jobs/packing.ts';
import { eventually, type JobsBench, startBench, testRequest } from '../support/jobs.ts';
import type { Behaviour } from '../support/jobs-engine.ts';

/** A store as that version left it. */
async function older(t: TestContext) {
  const bench = await startBench(t);
  const redis = new Redis(bench.redis.url, { maxRetriesPerRequest: null }).on('error', () => {});
  const queue = new Queue('pool.default', { connection: redis, prefix: 'whence:bull' });
  queue.on('error', () => {});
  t.after(() => redis.disconnect());
  const record = async (status: 'queued' | 'running', behaviour: Behaviour) => {
    const id = newJobId();
    const fields = {
      model: 'tiny',
      method: 'saliency',
      pool: 'default',
      created_at: Date.now(),
      completed: 0,
      total: 0,
    };
    const attempt = status === 'running' ? 1 : 0;
    await redis.hset(`whence:job:${id}`, { status, attempt, webhook: 0, phase: status, ...fields });
    await redis.set(`whence:request:${id}`, await pack(JSON.stringify(testRequest(behaviour))));
    for (const index of ['jobs', `status:${status}`, 'model:tiny']) await redis.zadd(`whence:${index}`, 0, id);
    if (status === 'queued') await redis.zadd('whence:waiting:default', 0, id);
    return id;
  };
  const add = (id: string) => queue.add('attribute', {}, { jobId: id, attempts: 2 });
  return { bench, redis, queue, record, add };
}

async function expectNothingOlder(redis: Redis, bench: JobsBench) {
  await eventually(async () => (await bench.jobs.counts()).queued === 0);
  assert.deepEqual(await redis.keys('whence:waiting:*'), []);
  assert.deepEqual(await redis.keys('whence:status:running'), []);
  const left = await redis.keys('whence:bull:pool.default:*');
  assert.deepEqual(
    left.filter((key) => /-/.test(key.split(':')[3]) || /:(wait|active)$/.test(key)),
    [],
  );
}

test('what waits, ran on a dead worker, or never reached BullMQ is computed, once, beside new jobs', async (t) => {
  const { bench, redis, queue, record, add } = await older(t);
  const log = bench.file('log');
  const [waiting, second, lost, dead] = [
    await record('queued', { log }),
    await record('queued', { log }),
    await record('queued', { log }),
    await record('running', { log }),
  ];
  await add(waiting);
  await add(second);
  await add(dead);
  await redis.lrem('whence:bull:pool.default:wait', 1, dead);
  await redis.lpush('whence:bull:pool.default:active', dead); // taken by a worker whose lock has run out
  const fresh = await bench.submit({ log });
  const canceled = await record('queued', { log });
  await add(canceled);
  assert.equal((await bench.jobs.cancel(canceled))?.status, 'canceled');
  await bench.worker({ reconcileMs: 200 });
  for (const id of [waiting, second, lost, dead, fresh.id]) {
    assert.equal((await bench.jobs.wait(id, 20))?.status, 'succeeded', id);
  }
  assert.equal((await bench.lines(log)).length, 5);
  await expectNothingOlder(redis, bench);
  await queue.close();
});

test('what a worker of that version holds stays its own', async (t) => {
  const { bench, redis, queue, record, add } = await older(t);
  const log = bench.file('log');
  const held = await record('running', { log });
  await add(held);
  await redis.lrem('whence:bull:pool.default:wait', 1, held);
  await redis.lpush('whence:bull:pool.default:active', held);
  await redis.set(`whence:bull:pool.default:${held}:lock`, 'its token');
  const fresh = await bench.submit();
  await bench.worker({ reconcileMs: 100 });
  assert.equal((await bench.jobs.wait(fresh.id, 20))?.status, 'succeeded');
  const [status, attempt] = await redis.hmget(`whence:job:${held}`, 'status', 'attempt');
  assert.deepEqual([status, attempt], ['running', '1']);
  await redis.del(`whence:bull:pool.default:${held}:lock`); // it died
  assert.equal((await bench.jobs.wait(held, 20))?.status, 'succeeded');
  await expectNothingOlder(redis, bench);
  await queue.close();
});
