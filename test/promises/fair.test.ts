/** Fair by work: what keys get of the device, whatever their jobs cost, and of the queue. Real Redis; an engine in the last test alone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Keyring, namelessKey } from '../../src/api/access/keys.ts';
import { type Flow, QueueFullError } from '../../src/jobs/jobs.ts';
import { keys } from '../../src/jobs/keys.ts';
import { connectForWorker } from '../../src/jobs/redis.ts';
import { dateOf, dayOf } from '../../src/jobs/usage.ts';
import { WorkerStore } from '../../src/jobs/worker-store.ts';
import { Random } from '../../src/random.ts';
import { startBench, testRequest } from '../support/jobs.ts';
import { holds } from './campaign.ts';
import { fairness } from './fair.ts';

const ALONE = { jobs: 1, texts: 1, work: 0 };
const ERROR = { code: 'x', message: 'y', pointer: null };

/** 1 where all have the same, 1/n where one has all (Jain, Chiu, Hawe 1984). */
function jain(shares: number[]): number {
  const sum = shares.reduce((before, share) => before + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((before, share) => before + share ** 2, 0));
}

/** A queue, and a device on which each tenant's jobs take the seconds that the test says. */
async function startDevice(
  t: TestContext,
  { seconds, maxQueue }: { seconds?: Record<string, number>; maxQueue: number },
) {
  const bench = await startBench(t, { maxQueue });
  const redis = connectForWorker(bench.redis.url, new AbortController().signal);
  t.after(() => redis.disconnect());
  const store = new WorkerStore(redis, 60, 0);
  let turns = 0;
  const served: Record<string, number> = {};
  const submit = (flow: Flow, work = 1, priority?: number) =>
    bench.jobs.submit(testRequest({}, { seed: turns++, priority }), { pool: 'default', flow, work });
  /** Computes the next job; whose it was. */
  const compute = async (): Promise<string> => {
    const { jobs } = await store.take('default', `turn ${turns++}`, 'worker', ALONE);
    const attempt = (await store.open(jobs[0])) ?? assert.fail('no job');
    const took = seconds?.[attempt.tenant] ?? 1;
    assert.ok(await store.fail(attempt, ERROR, { seconds: took, estimate: null }));
    served[attempt.tenant] = (served[attempt.tenant] ?? 0) + took;
    return attempt.tenant;
  };
  return { bench, redis, store, submit, compute, served };
}

test('ten keys get the same seconds of the device, though their jobs cost 20-fold and are all thought to cost alike', async (t) => {
  const tenants = Array.from({ length: 10 }, (_, i) => `key ${i}`);
  const seconds = Object.fromEntries(tenants.map((tenant, i) => [tenant, 1 + (19 * i) / 9]));
  const { redis, submit, compute, served } = await startDevice(t, { seconds, maxQueue: 100_000 });
  await redis.hset(keys.pace, 'default', '0.1'); // as a worker tells it: ten seconds for each unit of work
  for (const tenant of tenants) {
    const jobs = Math.ceil(300 / seconds[tenant]);
    await Promise.all(Array.from({ length: jobs }, () => submit({ tenant })));
  }
  while (Math.min(...tenants.map((tenant) => served[tenant] ?? 0)) < 200) await compute();
  const index = jain(tenants.map((tenant) => served[tenant]));
  assert.ok(index >= 0.95, `Jain's index is ${index}: ${JSON.stringify(served)}`);
});

test('weights are obeyed, also where they change while jobs wait', async (t) => {
  const { submit, compute, served } = await startDevice(t, { maxQueue: 100_000 });
  const flows = { one: { tenant: 'one', weight: 1 }, three: { tenant: 'three', weight: 3 } };
  for (let i = 0; i < 200; i++) await Promise.all(Object.values(flows).map((flow) => submit(flow)));
  for (let i = 0; i < 80; i++) await compute();
  assert.ok(Math.abs(served.three - 60) <= 2, JSON.stringify(served));
  await submit({ ...flows.three, weight: 1 });
  const before = served.three;
  for (let i = 0; i < 80; i++) await compute();
  assert.ok(Math.abs(served.three - before - 40) <= 3, JSON.stringify(served));
});

test('a flood of 10,000 jobs holds the job of another by none but the one that runs', async (t) => {
  const { submit, compute } = await startDevice(t, { maxQueue: 100_000 });
  for (let i = 0; i < 10_000; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => submit({ tenant: 'flood' })));
  }
  for (let i = 0; i < 20; i++) await compute();
  await submit({ tenant: 'other' });
  const next = [await compute(), await compute()];
  assert.ok(next.includes('other'), next.join(', '));
});

test('priorities order the jobs of a key, and give it no more of the device', async (t) => {
  const { submit, store } = await startDevice(t, { maxQueue: 100_000 });
  const priorities = new Map<string, number>();
  const random = new Random(7);
  for (let i = 0; i < 60; i++) {
    const priority = Math.floor(random.uniform() * 21) - 10;
    for (const tenant of ['eager', 'plain']) {
      const { job } = await submit({ tenant }, 1, tenant === 'eager' ? priority : undefined);
      priorities.set(job.id, tenant === 'eager' ? priority : 0);
    }
  }
  const taken: { id: string; tenant: string }[] = [];
  for (let i = 0; i < 120; i++) {
    const { jobs } = await store.take('default', `turn ${i}`, 'worker', ALONE);
    const attempt = (await store.open(jobs[0])) ?? assert.fail('no job');
    taken.push(attempt);
    const eager = taken.filter(({ tenant }) => tenant === 'eager').length;
    assert.ok(Math.abs(eager - (i + 1) / 2) <= 1, `${eager} of ${i + 1} are of the key with priorities`);
  }
  for (const tenant of ['eager', 'plain']) {
    const own = taken.filter((job) => job.tenant === tenant).map(({ id }) => id);
    const byPriority = own.toSorted((a, b) => (priorities.get(b) ?? 0) - (priorities.get(a) ?? 0) || (a < b ? -1 : 1));
    assert.deepEqual(own, byPriority, `${tenant}: the highest priority first, then the oldest`);
  }
});

test("a key's share of the queue is used up by itself alone, and it is told so", async (t) => {
  const ring = new Keyring(
    () => [
      { ...namelessKey('a'), name: 'ann', weight: 1 },
      { ...namelessKey('b'), name: 'bo', weight: 3 },
      { ...namelessKey('c'), name: 'bo', weight: 3 },
    ],
    { changes: false },
  );
  assert.deepEqual([ring.shareOf('ann'), ring.shareOf('bo')], [0.25, 0.75], 'two keys of a name have one share');
  const { submit, bench } = await startDevice(t, { maxQueue: 8 });
  const flowOf = (tenant: string) => ({ tenant, share: ring.shareOf(tenant) });
  for (let i = 0; i < 2; i++) await submit(flowOf('ann'));
  await assert.rejects(submit(flowOf('ann')), (error) => {
    assert.ok(error instanceof QueueFullError);
    assert.match(error.message, /share of the key "ann" in the queue is used up: 2 of its jobs wait and at most 2 may/);
    return true;
  });
  for (let i = 0; i < 6; i++) await submit(flowOf('bo'));
  await assert.rejects(submit(flowOf('bo')), /"bo".* 6 of its jobs wait and at most 6 may/);
  await bench.jobs.submit(testRequest(), { pool: 'default', flow: { ...flowOf('ann'), batch: 'x' } }); // a line
});

test('usage is counted once for each job that ends, by key, model and day', async (t) => {
  const { submit, compute, bench } = await startDevice(t, { seconds: { ann: 2.5 }, maxQueue: 100 });
  for (const tenant of ['ann', 'ann', 'bo']) await submit({ tenant });
  for (let i = 0; i < 3; i++) await compute();
  const { job } = await submit({ tenant: 'bo' });
  await bench.jobs.cancel(job.id);
  await bench.jobs.cancel(job.id);
  const today = dayOf(Date.now());
  const rows = await bench.jobs.usage({ from: today - 89, to: today });
  const day = dateOf(today);
  assert.deepEqual(rows, [
    { day, key: 'ann', model: 'tiny', jobs: 2, tokens: 0, compute_seconds: 5 },
    { day, key: 'bo', model: 'tiny', jobs: 2, tokens: 0, compute_seconds: 1 },
  ]);
  assert.deepEqual(await bench.jobs.usage({ from: today, to: today, tenant: 'bo' }), [rows[1]]);
  assert.deepEqual(await bench.jobs.usage({ from: today - 9, to: today - 1 }), []);
});

test('over HTTP, with real processes: the job of another key is next when what runs has ended', async () => {
  const tally = await holds(fairness(1_000), 12);
  assert.ok(tally.count('visits') >= 3, `${tally.count('visits')} jobs of another key`);
  assert.ok(tally.worst('next') < 5_000, `it began ${tally.worst('next')} ms after the device was free`);
});
