/** What may happen to a batch while it runs: it is canceled, deleted, expires; its worker dies, Redis goes away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { type BatchBench, lineOf, startBatchBench } from '../support/batches.ts';
import { eventually } from '../support/jobs.ts';

const named = (count: number, behaviour = {}) =>
  Array.from({ length: count }, (_, i) => lineOf(`line ${i}`, behaviour));

/** Attempts at lines, by the log that their behaviour names. */
async function attempts(bench: BatchBench, log: string): Promise<number> {
  return (await bench.lines(log).catch(() => [])).length;
}

test('a canceled batch keeps what it has, and the device is free', async (t) => {
  const bench = await startBatchBench(t);
  await bench.worker();
  const gate = bench.file('never');
  const lines = [...named(3), ...named(400, { gate }).map((line, i) => ({ ...line, custom_id: `held ${i}` }))];
  const { id } = await bench.accepted(lines);
  await eventually(async () => (await bench.get(id)).counts.succeeded === 3);
  await eventually(async () => (await bench.get(id)).counts.running > 0);
  assert.deepEqual((await bench.app.inject('/jobs')).json().jobs, [], 'lines of batches are no jobs that are listed');
  const response = await bench.app.inject({ method: 'POST', url: `/batches/${id}/cancel` });
  assert.equal(response.statusCode, 202);
  assert.equal(response.json().status, 'canceled');
  await eventually(async () => (await bench.get(id)).counts.canceled === 400);
  const { counts, finished_at, estimated_end } = await bench.get(id);
  assert.deepEqual(counts, { total: 403, queued: 0, running: 0, succeeded: 3, failed: 0, canceled: 400 });
  assert.ok(finished_at !== null && estimated_end === null);
  const results = await bench.results(id);
  assert.deepEqual(
    results.map(({ status }) => status),
    [...new Array(3).fill('succeeded'), ...new Array(400).fill('canceled')],
  );
  const job = await bench.submit();
  assert.equal((await bench.jobs.wait(job.id, 10))?.status, 'succeeded');
  const again = await bench.app.inject({ method: 'POST', url: `/batches/${id}/cancel` });
  assert.deepEqual(again.json().finished_at, finished_at, 'it stays as it was');
});

test('a deleted batch leaves nothing in Redis', async (t) => {
  const bench = await startBatchBench(t);
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  await bench.worker();
  const gate = bench.file('never');
  const { id } = await bench.accepted([...named(5), lineOf('bad', {}, { method: 'x' }), lineOf('held', { gate })], {
    'idempotency-key': 'once',
  });
  await eventually(async () => (await bench.get(id)).progress.completed === 6);
  assert.equal((await bench.app.inject({ method: 'DELETE', url: `/batches/${id}` })).statusCode, 204);
  for (const [method, url] of [
    ['GET', `/batches/${id}`],
    ['DELETE', `/batches/${id}`],
    ['POST', `/batches/${id}/cancel`],
    ['GET', `/batches/${id}/results`],
    ['GET', '/batches/nonsense'],
  ] as const) {
    assert.equal((await bench.app.inject({ method, url })).statusCode, 404, url);
  }
  await eventually(async () => (await redis.keys('whence:batch*')).length === 0);
  // A canceled job keeps its record for as long as any other; results of lines are gone.
  assert.deepEqual(await redis.keys('whence:result:*'), []);
});

test('an ended batch is forgotten when its time is over', async (t) => {
  const bench = await startBatchBench(t, { resultTtlSeconds: 1 });
  await bench.worker();
  const { id } = await bench.accepted(named(2));
  await bench.ended(id);
  await eventually(async () => (await bench.app.inject(`/batches/${id}`)).statusCode === 404);
});

test('where a worker dies, another goes on, and each line has one result', async (t) => {
  const bench = await startBatchBench(t);
  const log = bench.file('log');
  const doomed = await bench.workerProcess();
  const { id } = await bench.accepted(named(300, { log }));
  await eventually(async () => (await attempts(bench, log)) > 20);
  doomed.process.kill('SIGKILL');
  await bench.worker();
  const results = await bench.results(id);
  assert.equal(results.length, 300);
  assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(['succeeded']));
  assert.deepEqual((await bench.get(id)).counts, {
    total: 300,
    queued: 0,
    running: 0,
    succeeded: 300,
    failed: 0,
    canceled: 0,
  });
  const tried = await attempts(bench, log);
  // What the dead worker had taken together, 32 jobs at most, is computed again.
  assert.ok(tried >= 300 && tried <= 332, `${tried} attempts at 300 lines`);
});

test('several workers share one batch', async (t) => {
  const bench = await startBatchBench(t);
  const log = bench.file('log');
  await Promise.all([bench.worker(), bench.worker()]);
  const { id } = await bench.accepted(named(200, { log }));
  assert.equal((await bench.ended(id)).counts.succeeded, 200);
  assert.equal(await attempts(bench, log), 200, 'no line was computed twice');
  assert.equal(new Set(await bench.lines(log)).size, 2, 'both engines took part');
});

test('a single job waits for what runs, not for the batch', async (t) => {
  const bench = await startBatchBench(t);
  await bench.worker();
  const { id } = await bench.accepted(named(400, { blockMs: 20 }));
  await eventually(async () => (await bench.get(id)).counts.running > 0);
  const job = await bench.submit();
  assert.equal((await bench.jobs.wait(job.id, 20))?.status, 'succeeded');
  const { completed } = (await bench.get(id)).progress;
  assert.ok(completed < 300, `${completed} of 400 lines had ended before it`);
});

test('an outage of Redis delays a batch', async (t) => {
  const bench = await startBatchBench(t);
  await bench.worker();
  const { id } = await bench.accepted(named(300));
  await eventually(async () => (await bench.get(id)).counts.succeeded > 20);
  await bench.redis.kill();
  assert.equal((await bench.app.inject(`/batches/${id}`)).statusCode, 503);
  const refused = await bench.post(named(1));
  assert.equal(refused.statusCode, 503);
  await bench.redis.start();
  await eventually(async () => (await bench.app.inject(`/batches/${id}`)).statusCode === 200);
  assert.deepEqual((await bench.ended(id)).counts.succeeded, 300);
  assert.equal((await bench.results(id)).length, 300);
});

test('a reader whose batch is deleted hears that the results are not complete', async (t) => {
  const bench = await startBatchBench(t);
  const { id } = await bench.accepted(named(2));
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const address = bench.app.server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const response = await fetch(`http://127.0.0.1:${port}/batches/${id}/results`, {
    signal: AbortSignal.timeout(10_000),
  });
  assert.equal(response.status, 200);
  await bench.app.inject({ method: 'DELETE', url: `/batches/${id}` });
  await assert.rejects(response.text(), /terminated/);
});
