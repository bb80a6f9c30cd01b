/** Nothing of a job remains in Redis after it was deleted or its time to live is over, neither ours nor BullMQ's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually, type JobsBench, startBench, untilStep } from '../support/jobs.ts';

/** Keys that hold the id, in their name or in what they contain. */
async function traces(redis: Redis, id: string): Promise<string[]> {
  const found: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    const content =
      type === 'hash'
        ? await redis.hgetall(key)
        : type === 'list'
          ? await redis.lrange(key, 0, -1)
          : type === 'set'
            ? await redis.smembers(key)
            : type === 'zset'
              ? await redis.zrange(key, '0', '-1')
              : type === 'stream'
                ? await redis.xrange(key, '-', '+')
                : await redis.get(key);
    if (key.includes(id) || JSON.stringify(content).includes(id)) found.push(key);
  }
  return found;
}

/** Jobs that end, or are deleted, in every state; gives their ids. */
async function jobsOfEveryKind(bench: JobsBench): Promise<Record<string, string>> {
  const { jobs } = bench;
  const webhook = { url: 'http://127.0.0.1:1/' }; // nobody listens: it is tried again and again
  const kinds = {
    canceled: await bench.submit(),
    'canceled, with a webhook': await bench.submit({}, { webhook }),
  };
  for (const { id } of Object.values(kinds)) await jobs.cancel(id);
  await bench.worker({ reconcileMs: 300 });
  const gate = bench.file('gate');
  const rest = {
    succeeded: await bench.submit({ steps: 3 }),
    'succeeded, with a webhook': await bench.submit({ steps: 1 }, { webhook }),
    failed: await bench.submit({ fault: { code: 'x', message: 'y' } }),
    'failed after two attempts': await bench.submit({ throws: 'z' }),
    'canceled while it ran': await bench.submit({ steps: 2, gate }),
  };
  const running = rest['canceled while it ran'];
  await untilStep(jobs, running.id);
  await jobs.cancel(running.id);
  const all = { ...kinds, ...rest };
  for (const { id } of Object.values(all)) await jobs.wait(id, 20);
  return Object.fromEntries(Object.entries(all).map(([kind, { id }]) => [kind, id]));
}

async function expectNoTrace(t: TestContext, bench: JobsBench, kinds: Record<string, string>): Promise<void> {
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  for (const [kind, id] of Object.entries(kinds)) {
    let left: string[] = [];
    await eventually(async () => {
      left = await traces(redis, id);
      return left.length === 0;
    }).catch(() => assert.fail(`${kind}: ${left.join(', ')}`));
  }
}

test('after the time to live', async (t) => {
  const bench = await startBench(t, { resultTtlSeconds: 2 });
  await expectNoTrace(t, bench, await jobsOfEveryKind(bench));
});

test('after DELETE, of jobs that ended, that wait and that run', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const kinds = await jobsOfEveryKind(bench);
  const running = await bench.submit({ steps: 2, gate: bench.file('never') });
  await untilStep(jobs, running.id);
  const waiting = await bench.submit();
  const all = { ...kinds, running: running.id, waiting: waiting.id };
  for (const id of Object.values(all)) assert.equal(await jobs.remove(id), true);
  await expectNoTrace(t, bench, all);
});
