/** Jobs that are canceled or removed in every phase. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { eventually, startBench, untilStep } from '../support/jobs.ts';

test('a queued job is canceled at once and never computed', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const log = bench.file('log');
  const job = await bench.submit({ log });
  const canceled = await jobs.cancel(job.id);
  assert.equal(canceled?.status, 'canceled');
  assert.equal(canceled.progress.phase, 'done');
  assert.equal(canceled.started_at, null);
  await bench.worker();
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
  assert.equal(existsSync(log), false);
});

for (const [kind, behaviour] of [
  ['that looks at its signal', {}],
  ['that ignores its signal', { stubborn: true }],
  ['that blocks its process', { blockMs: 60_000 }],
] as const) {
  test(`a running job is canceled, and the device is free within a second, with an engine ${kind}`, async (t) => {
    const bench = await startBench(t);
    const { jobs } = bench;
    await bench.worker();
    const log = bench.file('log');
    const job = await bench.submit({ log, steps: 1, gate: bench.file('never'), ...behaviour });
    await untilStep(jobs, job.id);
    const next = await bench.submit({ log });
    const start = performance.now();
    const canceled = await jobs.cancel(job.id);
    assert.equal(canceled?.status, 'canceled');
    await eventually(async () => !(await jobs.workers())[0].busy || (await jobs.get(next.id))?.status !== 'queued');
    assert.ok(performance.now() - start < 1_000, `${performance.now() - start} ms`);
    assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
    const [first, second] = await bench.lines(log);
    assert.equal(
      first === second,
      !('stubborn' in behaviour || 'blockMs' in behaviour),
      'killed only where it had to be',
    );
    const again = await jobs.cancel(job.id);
    assert.deepEqual(again, canceled, 'canceling twice changes nothing');
    assert.equal(await jobs.result(job.id, 'json'), null);
  });
}

test('a canceled job is no error of the log', async (t) => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker({ log });
  const job = await bench.submit({ steps: 1, gate: bench.file('never') });
  await untilStep(jobs, job.id);
  await jobs.cancel(job.id);
  await eventually(async () => lines.some((line) => line.includes('"status":"canceled"')));
  const levels = lines.map((line): number => JSON.parse(line).level);
  assert.equal(Math.max(...levels), pino.levels.values.info, lines.join(''));
});

test('a killed engine is warm again before the next job', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const job = await bench.submit({ steps: 1, stubborn: true, gate: bench.file('never') }, { model: 'second' });
  await untilStep(jobs, job.id);
  await jobs.cancel(job.id);
  await eventually(async () => (await jobs.workers())[0].loaded_models.includes('second'));
});

test('a finished job stays as it is when it is canceled', async (t) => {
  const bench = await startBench(t);
  await bench.worker();
  const job = await bench.submit();
  const done = await bench.jobs.wait(job.id, 20);
  assert.deepEqual(await bench.jobs.cancel(job.id), done);
});

test('a job that is removed while it runs stops, and leaves nothing behind', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const job = await bench.submit({ steps: 1, gate: bench.file('never') });
  await untilStep(jobs, job.id);
  assert.equal(await jobs.remove(job.id), true);
  assert.equal(await jobs.remove(job.id), false);
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
  assert.equal(await jobs.get(job.id), null);
  assert.deepEqual(
    (await jobs.list({ limit: 10 })).jobs.map(({ id }) => id),
    [next.id],
  );
  assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 1, failed: 0, canceled: 0 });
});

test('a job that was taken from its worker without a word is noticed all the same', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const job = await bench.submit({ steps: 1, gate: bench.file('never') });
  await untilStep(jobs, job.id);
  const admin = new Redis(bench.redis.url);
  t.after(() => admin.disconnect());
  await admin.script('FLUSH'); // a server that forgot its scripts is asked to run them all the same
  await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await admin.hset(`whence:job:${job.id}`, 'attempt', '7'); // as if another worker had taken it
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
});
