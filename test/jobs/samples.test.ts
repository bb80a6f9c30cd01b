/** What turns took, kept for quotes, and the seconds that wait and run, in Redis. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../src/jobs/keys.ts';
import { connectForWorker } from '../../src/jobs/redis.ts';
import { WorkerStore } from '../../src/jobs/worker-store.ts';
import { eventually, startBench, testRequest } from '../support/jobs.ts';

const KIND = { pool: 'default', model: 'tiny', quantization: 'int8', method: 'saliency' };
const ALONE = { jobs: 1, texts: 1, work: 0 };
const sample = (seconds: number) => ({ texts: 1, rows: 2, pulled: 3, generated: 4, cells: 5, seconds });

async function startStore(t: Parameters<typeof startBench>[0]) {
  const bench = await startBench(t);
  const redis = connectForWorker(bench.redis.url, new AbortController().signal);
  t.after(() => redis.disconnect());
  return { jobs: bench.jobs, bench, redis, store: new WorkerStore(redis, 60, 0) };
}

test('the last turns of each kind are kept, the newest first, and for a time', async (t) => {
  const { jobs, redis, store } = await startStore(t);
  assert.deepEqual(await jobs.efforts(KIND), []);
  for (let turn = 1; turn <= 70; turn++) await store.noteEffort(KIND, sample(turn));
  const kept = await jobs.efforts(KIND);
  assert.equal(kept.length, 64);
  assert.deepEqual(kept[0], sample(70));
  assert.deepEqual(await jobs.efforts({ ...KIND, quantization: 'none' }), []);
  assert.ok((await redis.ttl(keys.samples(['default', 'tiny', 'int8', 'saliency']))) > 80 * 86_400);
});

test('how long a model took to load last is kept, unless it was loaded already', async (t) => {
  const { jobs, store } = await startStore(t);
  assert.equal(await jobs.loading(KIND), null);
  await store.noteLoading(KIND, 2.5);
  await store.noteLoading(KIND, 0.0001);
  assert.equal(await jobs.loading(KIND), 2.5);
});

test('what waits is counted by quotes, and by work where there are none; what runs by what is left of it', async (t) => {
  const { jobs, redis, store } = await startStore(t);
  await redis.hset(keys.catalogue, 'default', '{}');
  await redis.hset(keys.pace, 'default', '10');
  const submit = (seed: number, options: { estimate?: number }) =>
    jobs.submit(testRequest({}, { seed }), { pool: 'default', work: 20, ...options });
  for (const [seed, estimate] of [30, 7, undefined].entries()) await submit(seed, { estimate });
  const [waiting] = await jobs.queues();
  assert.equal(waiting.workSeconds, 30 + 7 + 20 / 10);
  assert.equal(waiting.runningSeconds, 0);
  const { jobs: taken } = await store.take('default', 'turn', 'worker', ALONE);
  const attempt = await store.open(taken[0]);
  assert.equal(attempt?.estimate, 30);
  const [running] = await jobs.queues();
  assert.equal(running.workSeconds, 9);
  assert.ok(running.runningSeconds > 25 && running.runningSeconds <= 30, `${running.runningSeconds}`);
  for (let turn = 0; turn < 2; turn++) await store.take('default', `turn ${turn}`, 'worker', ALONE);
  assert.equal((await jobs.queues())[0].workSeconds, 0);
});

test('a worker keeps what its turns took', async (t) => {
  const { jobs, bench } = await startStore(t);
  await bench.worker();
  await bench.submit();
  await eventually(async () => (await jobs.efforts(KIND)).length === 1);
  assert.equal((await jobs.efforts(KIND))[0].rows, 1);
});

test('a running job tells the seconds that are left, in its record and in its events', async (t) => {
  const { jobs, store } = await startStore(t);
  const { job } = await jobs.submit(testRequest(), { pool: 'default' });
  const { jobs: taken } = await store.take('default', 'turn', 'worker', ALONE);
  const attempt = (await store.open(taken[0])) ?? assert.fail('no attempt');
  assert.equal((await jobs.get(job.id))?.progress.seconds_left, undefined);
  await store.report(attempt, { phase: 'attributing', completed: 1, total: 4, seconds_left: 2.5 }, []);
  const told = { phase: 'attributing', completed: 1, total: 4, fraction: 0.25, seconds_left: 2.5 };
  assert.deepEqual((await jobs.get(job.id))?.progress, told);
  await store.fail(attempt, { code: 'x', message: 'y', pointer: null }, { seconds: 1, estimate: null });
  const events = [];
  for await (const event of jobs.events(job.id, { signal: new AbortController().signal })) events.push(event);
  assert.deepEqual(events[0].data, told);
  assert.equal((await jobs.get(job.id))?.progress.seconds_left, undefined);
});
