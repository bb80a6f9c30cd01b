/** Workers that die, freeze, or are told to end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type { JobEvent } from '../../src/contract/events.ts';
import { eventually, startBench, untilEvent, untilStep } from '../support/jobs.ts';

const alive = (pid: string) => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

test('a worker that is killed loses nothing: another finishes its job, once, and its engine ends with it', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const doomed = await bench.workerProcess();
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ log, gate, steps: 2 });
  await untilStep(jobs, job.id);
  const second = await bench.workerProcess();
  doomed.process.kill('SIGKILL');
  const [orphan] = await bench.lines(log);
  await eventually(async () => !alive(orphan));
  await eventually(async () => (await bench.lines(log)).length === 2);
  assert.equal((await jobs.get(job.id))?.status, 'running');
  await bench.open(gate);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  const events: JobEvent[] = [];
  for await (const event of jobs.events(job.id, { signal: AbortSignal.timeout(5_000) })) events.push(event);
  assert.equal(events.filter(({ event }) => event === 'done').length, 1);
  assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 1, failed: 0, canceled: 0 });
  assert.deepEqual(
    (await jobs.workers()).map(({ id }) => id),
    [second.id],
  );
});

test('while nobody has taken it yet, the job of a dead worker shows as queued again', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const doomed = await bench.workerProcess();
  const job = await bench.submit({ steps: 1, gate: bench.file('never') });
  await untilStep(jobs, job.id);
  const blocker = await bench.submit({ steps: 1, gate: bench.file('never') });
  await bench.worker(); // takes the second job, and finds the first stalled
  await untilStep(jobs, blocker.id);
  doomed.process.kill('SIGKILL');
  await untilEvent(jobs, job.id, (event, data) => event === 'progress' && JSON.stringify(data).includes('"queued"'));
  const waiting = await jobs.get(job.id);
  assert.deepEqual([waiting?.status, waiting?.started_at, waiting?.queue_position], ['queued', null, 0]);
});

test('a job that takes its worker down again and again fails with a clear error', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const log = bench.file('log');
  const job = await bench.submit({ log, gate: bench.file('never') });
  for (const attempt of [1, 2]) {
    const worker = await bench.workerProcess({ maxLost: 1 });
    await eventually(async () => (await bench.lines(log).catch(() => [])).length === attempt);
    worker.process.kill('SIGKILL');
  }
  await bench.worker({ maxLost: 1 });
  const failed = await jobs.wait(job.id, 20);
  assert.equal(failed?.status, 'failed');
  assert.equal(failed.error?.code, 'worker_lost');
  assert.match(failed.error.message, /died during attempt 2 .*memory/);
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
});

test('a worker that was frozen and comes back finds its job taken: what it computed is refused', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const frozen = await bench.workerProcess();
  const [log, gate, other] = [bench.file('log'), bench.file('gate'), bench.file('other')];
  const job = await bench.submit({ log, gate, steps: 1 });
  await untilStep(jobs, job.id);
  frozen.process.kill('SIGSTOP');
  const rescue = await bench.workerProcess();
  await eventually(async () => (await bench.lines(log)).length === 2);
  await bench.open(gate); // both engines finish now
  const done = await jobs.wait(job.id, 20);
  assert.equal(done?.status, 'succeeded');
  frozen.process.kill('SIGCONT');
  await eventually(async () => (await jobs.workers()).some(({ id, busy }) => id === frozen.id && !busy));
  assert.deepEqual(await jobs.get(job.id), done);
  rescue.process.kill('SIGKILL');
  const next = await bench.submit({ gate: other }); // the one that came back still works
  await bench.open(other);
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
});

test('SIGTERM lets the running job finish and takes no other', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const worker = await bench.workerProcess({ drainMs: 20_000 });
  const gate = bench.file('gate');
  const job = await bench.submit({ gate, steps: 1 });
  await untilStep(jobs, job.id);
  const next = await bench.submit();
  const exited = once(worker.process, 'exit');
  worker.process.kill('SIGTERM');
  await bench.open(gate);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.deepEqual(await exited, [0, null]);
  assert.equal((await jobs.get(next.id))?.status, 'queued');
  assert.deepEqual(await jobs.workers(), []);
});

test('SIGTERM hands a job back that does not finish in time, at once and without counting as a failure', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const worker = await bench.workerProcess({ drainMs: 100, lockMs: 60_000 });
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ log, gate, steps: 1, stubborn: true });
  await untilStep(jobs, job.id);
  const behind = await bench.submit();
  const exited = once(worker.process, 'exit');
  worker.process.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  const waiting = await jobs.get(job.id);
  assert.deepEqual([waiting?.status, waiting?.queue_position], ['queued', 0]);
  await bench.open(gate);
  await bench.worker({ lockMs: 60_000 }); // had it to wait for the lock, this test would run out of time
  const [first, second] = await Promise.all([jobs.wait(job.id, 20), jobs.wait(behind.id, 20)]);
  assert.deepEqual([first?.status, second?.status], ['succeeded', 'succeeded']);
  assert.ok((first?.started_at ?? '') < (second?.started_at ?? ''), 'it kept its place');
});

test('what a job that is handed over has put down is given to the next attempt, and not after a failure', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const worker = await bench.workerProcess({ drainMs: 0, lockMs: 60_000 });
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  const [log, gate, resumed] = [bench.file('log'), bench.file('gate'), bench.file('resumed')];
  const job = await bench.submit({ log, gate, resumed, steps: 1, saves: 'half of it' });
  const key = `whence:savepoint:${job.id}`;
  await untilStep(jobs, job.id);
  const exited = once(worker.process, 'exit');
  worker.process.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.equal((await jobs.get(job.id))?.status, 'queued');
  assert.equal(await redis.get(key), 'half of it');
  await bench.worker({ lockMs: 60_000 });
  await eventually(async () => (await bench.lines(log)).length === 2);
  assert.deepEqual(await bench.lines(resumed), ['half of it']);
  process.kill(Number((await bench.lines(log))[1]), 'SIGKILL');
  await eventually(async () => (await bench.lines(log)).length === 3);
  assert.deepEqual(await bench.lines(resumed), ['half of it'], 'the engine may have failed on it');
  await bench.open(gate);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.equal(await redis.exists(key), 0);
});

test('two workers share a queue', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await Promise.all([bench.worker(), bench.worker()]);
  const gates = [bench.file('a'), bench.file('b')];
  const [a, b] = [await bench.submit({ steps: 1, gate: gates[0] }), await bench.submit({ steps: 1, gate: gates[1] })];
  await Promise.all([untilStep(jobs, a.id), untilStep(jobs, b.id)]);
  assert.equal((await jobs.counts()).running, 2);
  await Promise.all(gates.map((gate) => bench.open(gate)));
  const done = await Promise.all([jobs.wait(a.id, 20), jobs.wait(b.id, 20)]);
  assert.deepEqual(
    done.map((job) => job?.status),
    ['succeeded', 'succeeded'],
  );
});
