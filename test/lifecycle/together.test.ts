/** Jobs that are taken together: each has its own progress, cancel, failure and result, and ends once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { eventually, type JobsBench, startBench, testRequest, untilStep } from '../support/jobs.ts';

/** How a job ended: its status, its error's code, and the number of its last attempt. */
async function outcome(bench: JobsBench, redis: Redis, id: string): Promise<string> {
  const job = await bench.jobs.wait(id, 20);
  const attempt = await redis.hget(`whence:job:${id}`, 'attempt');
  return [job?.status, job?.error?.code, attempt].filter((word) => word !== undefined).join(' ');
}

async function connected(t: Parameters<typeof startBench>[0], overrides?: Parameters<typeof startBench>[1]) {
  const bench = await startBench(t, overrides);
  const redis = new Redis(bench.redis.url).on('error', () => {});
  t.after(() => redis.disconnect());
  return { bench, redis, jobs: bench.jobs };
}

async function told(jobs: Jobs, id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { event, data } of jobs.events(id, { signal: AbortSignal.timeout(10_000) })) {
    if (event === 'step') found.push(`step ${data.position}`);
    if (event === 'done') found.push(`done ${data.status}`);
  }
  return found;
}

/** The ids of the turns in which the jobs run. */
const turnsOf = (redis: Redis, ids: string[]) => Promise.all(ids.map((id) => redis.hget(`whence:job:${id}`, 'turn')));

test('they run beside each other, and each tells, fails, is canceled and succeeds by itself', async (t) => {
  const { bench, redis, jobs } = await connected(t);
  const [gate, never] = [bench.file('gate'), bench.file('never')];
  const [good, bad, canceled, removed, last] = await bench.submitAlike([
    { steps: 2, gate, stepsBehind: 1 },
    { steps: 1, gate, fault: { code: 'wrong', message: 'its own fault' } },
    { steps: 3, gate: never },
    { steps: 1, gate: never },
    { steps: 1, gate, resultCharacters: 3 },
  ]);
  await bench.worker();
  for (const { id } of [good, canceled, removed, last]) await untilStep(jobs, id);
  const turns = await turnsOf(redis, [good.id, canceled.id, removed.id, last.id]);
  assert.deepEqual(new Set(turns).size, 1, turns.join(', '));
  await jobs.cancel(canceled.id);
  await jobs.remove(removed.id);
  assert.equal(await outcome(bench, redis, bad.id), 'failed wrong 1');
  assert.equal((await jobs.get(good.id))?.status, 'running', 'the others go on');
  await bench.open(gate);
  for (const { id } of [good, last]) assert.equal(await outcome(bench, redis, id), 'succeeded 1');
  assert.deepEqual(await told(jobs, good.id), ['step 0', 'step 1', 'step 2', 'done succeeded']);
  assert.deepEqual(await told(jobs, canceled.id), ['step 0', 'step 1', 'step 2', 'done canceled']);
  const results = await Promise.all([good, last].map(({ id }) => jobs.result(id, 'json')));
  const read = results.map((bytes) => JSON.parse(String(bytes)));
  assert.deepEqual(
    read.map(({ job_id, info }) => [job_id, info.text]),
    [
      [good.id, ''],
      [last.id, 'xxx'],
    ],
  );
  assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 2, failed: 1, canceled: 1 });
});

test('a worker that is killed: another takes each of them, alone, and each ends once', async (t) => {
  const { bench, redis, jobs } = await connected(t);
  const [gate, log] = [bench.file('gate'), bench.file('log')];
  const made = await bench.submitAlike(Array.from({ length: 4 }, () => ({ steps: 2, gate, log })));
  const doomed = await bench.workerProcess();
  for (const { id } of made) await untilStep(jobs, id);
  assert.equal(
    new Set(
      await turnsOf(
        redis,
        made.map(({ id }) => id),
      ),
    ).size,
    1,
  );
  doomed.process.kill('SIGKILL');
  await bench.worker();
  await eventually(async () => (await bench.lines(log)).length > 4);
  assert.deepEqual(await jobs.counts(), { queued: 3, running: 1, succeeded: 0, failed: 0, canceled: 0 });
  await bench.open(gate);
  for (const { id } of made) {
    assert.equal(await outcome(bench, redis, id), 'succeeded 2');
    assert.deepEqual(await told(jobs, id), ['step 0', 'step 1', 'done succeeded']);
  }
  assert.equal((await bench.lines(log)).length, 8);
});

test('a job that crashes the engine takes its neighbors with it once', async (t) => {
  const { bench, redis } = await connected(t);
  const gate = bench.file('gate');
  const [first, second, poison] = await bench.submitAlike([{ gate }, { gate }, { crashes: 1 }]);
  const others = [first, second];
  await bench.worker();
  const failures = () => Promise.all([...others, poison].map(({ id }) => redis.hget(`whence:job:${id}`, 'failed')));
  await eventually(async () => (await failures()).join() === '1,1,1');
  await bench.open(gate);
  assert.equal(await outcome(bench, redis, poison.id), 'failed engine_crashed 2');
  for (const { id } of others) assert.equal(await outcome(bench, redis, id), 'succeeded 2');
  assert.match((await bench.jobs.get(poison.id))?.error?.message ?? '', /It was tried 2 times\./);
});

test('an engine that is ended for a job that does not stop is no failure of its neighbors', async (t) => {
  const { bench, redis, jobs } = await connected(t);
  const [gate, never] = [bench.file('gate'), bench.file('never')];
  const [stubborn, ...others] = await bench.submitAlike([
    { steps: 1, gate: never, stubborn: true },
    { steps: 1, gate },
    { steps: 1, gate },
  ]);
  await bench.worker();
  for (const { id } of [stubborn, ...others]) await untilStep(jobs, id);
  await jobs.cancel(stubborn.id);
  await eventually(async () => (await redis.hget(`whence:job:${others[0].id}`, 'attempt')) === '2');
  await bench.open(gate);
  for (const { id } of others) {
    assert.equal(await outcome(bench, redis, id), 'succeeded 2');
    assert.deepEqual(await redis.hmget(`whence:job:${id}`, 'failed', 'lost', 'alone'), [null, null, null]);
  }
});

test('time that runs out in company is not counted: the job is tried alone, and fails alone', async (t) => {
  const { bench, redis } = await connected(t, { jobTimeoutSeconds: 1 });
  const [slow, quick] = await bench.submitAlike([{ gate: bench.file('never') }, {}]);
  await bench.worker();
  assert.equal(await outcome(bench, redis, quick.id), 'succeeded 1');
  assert.equal(await outcome(bench, redis, slow.id), 'failed timeout 2');
});

test('SIGTERM hands each of them back, and the next worker takes them together again', async (t) => {
  const { bench, redis, jobs } = await connected(t);
  const gate = bench.file('gate');
  const made = await bench.submitAlike(Array.from({ length: 3 }, () => ({ steps: 1, gate })));
  const ids = made.map(({ id }) => id);
  const first = await bench.worker();
  for (const id of ids) await untilStep(jobs, id);
  await first.close();
  const places = await Promise.all(ids.map(async (id) => (await jobs.get(id))?.queue_position));
  assert.deepEqual(places, [0, 1, 2]);
  await bench.worker();
  await eventually(async () => (await jobs.counts()).running === 3);
  assert.equal(new Set(await turnsOf(redis, ids)).size, 1);
  await bench.open(gate);
  for (const id of ids) assert.equal(await outcome(bench, redis, id), 'succeeded 2');
});

test('a job of another tenant waits for what runs, and for no more of a flood; lines wait for single jobs', async (t) => {
  const { bench, redis, jobs } = await connected(t, { maxQueue: 1_000 });
  const gate = bench.file('gate');
  const submit = async (seed: string, flow: { tenant: string; batch?: string }) =>
    (await jobs.submit(testRequest({ gate, log: bench.file(seed) }), { pool: 'default', flow })).job.id;
  const line = await submit('line', { tenant: 'a', batch: 'x' });
  const flood: string[] = [];
  for (let i = 0; i < 30; i++) flood.push(await submit(`job ${i}`, { tenant: 'a' }));
  await bench.worker();
  await eventually(async () => (await jobs.get(flood[0]))?.status === 'running');
  const other = await submit('other', { tenant: 'b' });
  await bench.open(gate);
  for (const id of [...flood, line, other]) assert.equal((await jobs.wait(id, 20))?.status, 'succeeded');
  const startOf = async (id: string) => Number(await redis.hget(`whence:job:${id}`, 'started_at'));
  const [started, own, last] = [await Promise.all(flood.map(startOf)), await startOf(other), await startOf(line)];
  assert.ok(started.filter((at) => at < own).length <= 2, 'what ran, and one more at most');
  assert.ok(
    started.every((at) => at <= last),
    'the line was submitted first and comes last',
  );
});
