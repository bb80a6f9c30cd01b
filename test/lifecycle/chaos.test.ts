/** Everything that can go wrong at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { isFinal } from '../../src/contract/job.ts';
import { eventually, startBench, untilStep } from '../support/jobs.ts';

test('sixty jobs with crashes, cancellations, removals, a killed worker and a killed Redis: each ends once, nothing is left', async (t) => {
  const bench = await startBench(t, { maxQueue: 100 });
  const { jobs, redis } = bench;
  const ids: string[] = [];
  const gate = bench.file('gate');
  for (let i = 0; i < 60; i++) {
    const first = i < 2; // these hold the workers until everything is in place
    ids.push((await bench.submit(first ? { steps: 1, gate } : { steps: i % 3, crashes: i % 15 === 7 ? 1 : 0 })).id);
  }
  const doomed = await bench.workerProcess();
  await bench.worker();
  await Promise.all(ids.slice(0, 2).map((id) => untilStep(jobs, id)));
  const removed = ids.filter((_, i) => i % 10 === 3);
  const canceled = ids.filter((_, i) => i % 10 === 4);
  await Promise.all([...removed.map((id) => jobs.remove(id)), ...canceled.map((id) => jobs.cancel(id))]);
  doomed.process.kill('SIGKILL');
  await bench.open(gate);
  await bench.worker();
  await redis.kill();
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );

  const left = ids.filter((id) => !removed.includes(id));
  const ended = await Promise.all(left.map((id) => jobs.wait(id, 40)));
  for (const [i, id] of left.entries()) {
    const number = ids.indexOf(id);
    const expected = canceled.includes(id) ? 'canceled' : number % 15 === 7 ? 'failed' : 'succeeded';
    assert.equal(ended[i]?.status, expected, `job ${number}: ${JSON.stringify(ended[i]?.error)}`);
    assert.equal((await jobs.result(id, 'json')) !== null, expected === 'succeeded');
    const names: string[] = [];
    for await (const { event } of jobs.events(id, { signal: AbortSignal.timeout(5_000) })) names.push(event);
    assert.equal(names.filter((name) => name === 'done').length, 1);
  }
  const counts = await jobs.counts();
  assert.deepEqual([counts.queued, counts.running], [0, 0]);
  assert.equal(counts.succeeded + counts.failed + counts.canceled, left.length);
  assert.ok((await jobs.list({ limit: 100 })).jobs.every(({ status }) => isFinal(status)));

  const direct = new Redis(redis.url);
  t.after(() => direct.disconnect());
  const leftovers = async () => {
    const lists = await Promise.all(['wait', 'active'].map((list) => direct.llen(`whence:bull:turns.default:${list}`)));
    return lists.reduce((sum, length) => sum + length, 0) + (await direct.zcard('whence:waiting:default'));
  };
  await eventually(async () => (await leftovers()) === 0);
  for (const id of removed) assert.deepEqual(await direct.keys(`whence:[!b]*${id}*`), []);
});
