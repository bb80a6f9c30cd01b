/** When those who find a queue full are told to come back, and when a place was really free. Real Redis and workers. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Flow, QueueFullError } from '../../src/jobs/jobs.ts';
import { type Outflow, untilFree } from '../../src/jobs/places.ts';
import { eventually, type JobsBench, startBench, testRequest } from '../support/jobs.ts';

test('a place is free when the turn begins that takes a job of those who wait for it', () => {
  const flow: Outflow = { workers: 1, running: 1, left: 7, turns: 1, between: 3 };
  const cases: [Partial<Outflow>, number][] = [
    [{}, 7],
    [{ turns: 3 }, 7 + 2 * 3],
    [{ left: null }, 3],
    [{ left: null, turns: 2, between: null }, 10],
    [{ running: 0 }, 0],
    [{ workers: 2 }, 0],
    [{ workers: 0 }, 60],
  ];
  for (const [change, seconds] of cases)
    assert.equal(untilFree({ ...flow, ...change }), seconds, JSON.stringify(change));
});

/** Of the pace that a worker supposes before it has measured its own. */
const WORK_PER_SECOND = 50_000;

let jobsMade = 0;

interface Refusal {
  at: number;
  said: number;
  tenant: string;
}

/** Asks again and again until so many jobs are accepted. */
async function insist(bench: JobsBench, jobs: number, flow: Flow, secondsOf: (job: number) => number, told = true) {
  const refusals: Refusal[] = [];
  const { tenant } = flow;
  for (let job = 0; job < jobs; ) {
    const seconds = secondsOf(job);
    // Each is like no other, so that each is a turn of its own.
    const request = testRequest({ blockMs: seconds * 1_000, resultCharacters: jobsMade++ }, { metadata: { tenant } });
    const options = { pool: 'default', flow, work: seconds * WORK_PER_SECOND, estimate: told ? seconds : undefined };
    try {
      await bench.jobs.submit(request, options);
      job++;
    } catch (error) {
      assert.ok(error instanceof QueueFullError);
      refusals.push({ at: Date.now(), said: error.retryAfterSeconds, tenant });
      await sleep(40);
    }
  }
  return refusals;
}

/** Holds what was said against the first job of the same tenant that was started afterwards. */
async function check(bench: JobsBench, refusals: Refusal[], { from = 0 } = {}) {
  await eventually(async () => (await bench.jobs.counts()).queued === 0);
  const { jobs } = await bench.jobs.list({ limit: 200 });
  const wrong: string[] = [];
  for (const { at, said, tenant } of refusals.slice(from)) {
    const starts = jobs.filter((job) => job.metadata.tenant === tenant).map((job) => Date.parse(job.started_at ?? ''));
    const seconds = (Math.min(...starts.filter((start) => start > at)) - at) / 1_000;
    const actual = Math.max(1, seconds); // no header can say less
    if (said > 2 * actual + 0.5 || said < actual / 2) wrong.push(`${said} s were said, ${seconds} s it took`);
  }
  assert.ok(refusals.length > 20, `only ${refusals.length} refusals`);
  assert.ok(
    wrong.length <= refusals.length / 20,
    `${wrong.length} of ${refusals.length}: ${wrong.slice(0, 5).join('; ')}`,
  );
}

async function startFull(t: TestContext, maxQueue: number): Promise<JobsBench> {
  const bench = await startBench(t, { maxQueue });
  await bench.worker();
  return bench;
}

test('jobs of very different length: the queue tells when the one that runs will have ended', async (t) => {
  const bench = await startFull(t, 2);
  await check(bench, await insist(bench, 6, { tenant: '' }, (job) => [0.2, 3, 0.5, 2][job % 4]));
});

test('jobs without a quote are told by their work and the pace of the workers', async (t) => {
  const bench = await startFull(t, 2);
  const refusals = await insist(bench, 7, { tenant: '' }, (job) => [1.6, 0.8][job % 2], false);
  await check(bench, refusals, { from: Math.floor(refusals.length / 2) }); // the pace is learned from the first ones
});

test("a key's place is free when a job of the key is taken, not when one of another is", async (t) => {
  const bench = await startFull(t, 8);
  const flows = [
    { tenant: 'one', weight: 1, share: 0.25 },
    { tenant: 'four', weight: 4, share: 0.75 },
  ];
  const [jobs, seconds] = [{ one: 5, four: 20 }, 0.5];
  const found = await Promise.all(
    flows.map((flow) => insist(bench, jobs[flow.tenant as keyof typeof jobs], flow, () => seconds)),
  );
  const refused = found.find(([{ tenant }]) => tenant === 'one') ?? [];
  const known = refused.findIndex(({ said }) => said > 1);
  assert.ok(known >= 0, 'the key with a fifth of the device is told to wait for several turns');
  await check(bench, refused, { from: known });
});

test('without a worker nobody is asked back every second', async (t) => {
  const bench = await startBench(t, { maxQueue: 1 });
  await bench.submit();
  await assert.rejects(bench.submit(), (error) => error instanceof QueueFullError && error.retryAfterSeconds === 60);
});

test('a flood of refusals looks no more often than a few times a second', async (t) => {
  const bench = await startFull(t, 1);
  const gate = bench.file('gate');
  await bench.submit({ gate });
  await eventually(async () => (await bench.jobs.counts()).running === 1);
  await bench.submit();
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  /** Each look reads who the workers are. */
  const reads = async () => Number(/cmdstat_smembers:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const before = await reads();
  for (let i = 0; i < 20; i++) await Promise.allSettled(Array.from({ length: 50 }, () => bench.submit()));
  const looks = (await reads()) - before;
  assert.ok(looks >= 1 && looks <= 20, `${looks} looks for 1,000 refusals`);
  await bench.open(gate);
});
