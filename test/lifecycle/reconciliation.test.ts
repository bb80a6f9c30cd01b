/** Records and queue brought together again, and what Redis holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually, startBench, untilStep } from '../support/jobs.ts';

test('a job whose record was written but that never reached the queue is put there', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  const job = await bench.submit();
  await direct.del(await direct.keys('whence:bull:*')); // as if the API had died between the two
  await bench.worker({ reconcileMs: 200 });
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
});

test('a running job of whose turn BullMQ knows nothing waits again; what its worker computes meanwhile counts', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  await bench.worker({ reconcileMs: 200 });
  const [gate, log] = [bench.file('gate'), bench.file('log')];
  const job = await bench.submit({ steps: 1, gate, log });
  await untilStep(jobs, job.id);
  await direct.del(await direct.keys('whence:bull:*'));
  await eventually(async () => (await jobs.get(job.id))?.status === 'queued');
  await bench.open(gate);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.equal((await bench.lines(log)).length, 1);
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
});

test('jobs whose worker died while BullMQ lost their turn wait again', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  const gate = bench.file('gate');
  const made = await bench.submitAlike([
    { steps: 1, gate },
    { steps: 1, gate },
  ]);
  const doomed = await bench.workerProcess({ reconcileMs: 60_000 });
  for (const { id } of made) await untilStep(jobs, id);
  doomed.process.kill('SIGKILL');
  await direct.del(await direct.keys('whence:bull:*'));
  await bench.open(gate);
  await bench.worker({ reconcileMs: 200 });
  for (const { id } of made) assert.equal((await jobs.wait(id, 20))?.status, 'succeeded');
});

test('turns without jobs, and a turn whose jobs were taken by others, do no harm', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const canceled: string[] = [];
  for (let i = 0; i < 6; i++) canceled.push((await bench.submit()).id);
  for (const id of canceled) await jobs.cancel(id);
  await Promise.all([bench.worker(), bench.worker()]);
  const made = await Promise.all(Array.from({ length: 8 }, (_, i) => bench.submit({ steps: i })));
  for (const { id } of made) assert.equal((await jobs.wait(id, 20))?.status, 'succeeded');
  assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 8, failed: 0, canceled: 6 });
});

test('no key lies outside the prefix, none holds a request or a result in the clear, and ended jobs all expire', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const direct = new Redis(bench.redis.url);
  t.after(() => direct.disconnect());
  await bench.worker();
  const secret = 'a-secret-of-the-client';
  const webhook = { url: 'http://127.0.0.1:9/', secret };
  const job = await bench.submit(
    { steps: 2, resultCharacters: 5_000 },
    { webhook, input_texts: ['a very private text'] },
  );
  await jobs.wait(job.id, 20);
  for (const key of await direct.keys('*')) {
    assert.match(key, /^whence:/);
    const dump = String(await direct.dumpBuffer(key));
    for (const text of [secret, 'private text', 'xxxxxxxx']) assert.ok(!dump.includes(text), `${key} holds ${text}`);
    if (key.startsWith('whence:') && key.includes(job.id) && !key.startsWith('whence:bull:')) {
      const ttl = await direct.ttl(key);
      assert.ok(ttl > 0 && ttl <= 60, `${key} lives for ${ttl} s`);
    }
  }
  assert.equal(JSON.stringify(await jobs.get(job.id)).includes(secret), false);
});
