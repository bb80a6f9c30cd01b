/** Each step of a job is told once, to those who follow and to those who read later, however many attempts it takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { eventually, type JobsBench, startBench, untilEvent, untilStep } from '../support/jobs.ts';

/** The steps of a job as `text:position`, and its `done`s. */
async function told(jobs: Jobs, id: string) {
  const steps: string[] = [];
  let done = 0;
  for await (const { event, data } of jobs.events(id, { signal: AbortSignal.timeout(40_000) })) {
    if (event === 'step') steps.push(`${data.sequence}:${data.position}`);
    if (event === 'done') done++;
  }
  return { steps, done };
}

/** Five steps of two texts before the gate, four behind it. */
const BEHAVIOUR = { texts: 2, steps: 5, stepsBehind: 4 };
const EACH_ONCE = {
  steps: ['0:0', '1:0', '0:1', '1:1', '0:2', '1:2', '0:3', '1:3', '0:4'],
  done: 1,
};

async function untilFiveSteps(bench: JobsBench, id: string): Promise<void> {
  let steps = 0;
  await untilEvent(bench.jobs, id, (event) => event === 'step' && ++steps === 5);
}

test('an engine that is killed in the middle: its second attempt tells only what is new', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ ...BEHAVIOUR, log, gate });
  const live = told(jobs, job.id);
  await untilFiveSteps(bench, job.id);
  const [pid] = await bench.lines(log);
  process.kill(Number(pid), 'SIGKILL');
  await eventually(async () => (await bench.lines(log)).length === 2);
  await bench.open(gate);
  assert.deepEqual(await live, EACH_ONCE);
  assert.deepEqual(await told(jobs, job.id), EACH_ONCE);
});

test('a worker that is killed: the next one tells only what is new', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const doomed = await bench.workerProcess();
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ ...BEHAVIOUR, log, gate });
  const live = told(jobs, job.id);
  await untilFiveSteps(bench, job.id);
  doomed.process.kill('SIGKILL');
  await bench.worker();
  await eventually(async () => (await bench.lines(log)).length === 2);
  await bench.open(gate);
  assert.deepEqual(await live, EACH_ONCE);
  assert.deepEqual(await told(jobs, job.id), EACH_ONCE);
});

test('a worker that is frozen and comes back beside the one that took its job tells nothing twice', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const frozen = await bench.workerProcess();
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ ...BEHAVIOUR, log, gate });
  const live = told(jobs, job.id);
  await untilFiveSteps(bench, job.id);
  frozen.process.kill('SIGSTOP');
  await bench.workerProcess();
  await eventually(async () => (await bench.lines(log)).length === 2);
  frozen.process.kill('SIGCONT');
  await bench.open(gate); // both engines go on
  assert.deepEqual(await live, EACH_ONCE);
  await sleep(500);
  assert.deepEqual(await told(jobs, job.id), EACH_ONCE);
});

test('Redis is killed while steps come: what is written again is told once', async (t) => {
  const bench = await startBench(t);
  const { jobs, redis } = bench;
  await bench.worker({ lockMs: 20_000 });
  const job = await bench.submit({ steps: 3_000, gate: bench.file('gate') });
  await untilStep(jobs, job.id);
  await redis.kill(); // in the middle of them
  await redis.start();
  await bench.open(bench.file('gate'));
  await eventually(async () =>
    jobs.wait(job.id, 20).then(
      (ended) => ended?.status === 'succeeded',
      () => false,
    ),
  );
  const { steps, done } = await told(jobs, job.id);
  assert.equal(new Set(steps).size, steps.length);
  assert.deepEqual([steps.length, done], [3_000, 1]);
});
