/** Event streams: replayed, followed, and shared over one connection. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type { JobEvent } from '../../src/contract/events.ts';
import { followEvents } from '../../src/jobs/events.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { Notifications } from '../../src/jobs/notifications.ts';
import { startBench, untilStep } from '../support/jobs.ts';

async function collect(jobs: Jobs, id: string, after?: string): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of jobs.events(id, { after, signal: AbortSignal.timeout(20_000) })) events.push(event);
  return events;
}

test('events are replayed after any id, followed live, and end with done', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const gate = bench.file('gate');
  const job = await bench.submit({ steps: 5, gate });
  await untilStep(jobs, job.id);
  const live = collect(jobs, job.id);
  await bench.open(gate);
  const events = await live;
  const names = events.map(({ event }) => event);
  assert.deepEqual(names.filter((name) => name === 'step').length, 5);
  assert.equal(names.indexOf('done'), names.length - 1);
  const positions = events.flatMap((event) => (event.event === 'step' ? [event.data.position] : []));
  assert.deepEqual(positions, [0, 1, 2, 3, 4]);

  const all = await collect(jobs, job.id);
  const ids = all.map(({ id }) => id);
  for (const [i, id] of ids.entries()) {
    const rest = await collect(jobs, job.id, id);
    assert.deepEqual(rest, all.slice(i + 1), 'exactly what came after it');
  }
  assert.deepEqual(await collect(jobs, job.id, 'nonsense'), all);
});

test('done is not lost when the job ends between reading its events and asking whether it is over', async (t) => {
  const { jobs, submit, redis } = await startBench(t);
  const { id } = await submit();
  const [reader, subscriber] = [new Redis(redis.url), new Redis(redis.url)];
  t.after(() => [reader, subscriber].forEach((connection) => void connection.disconnect()));
  const get = async (asked: string) => {
    await jobs.cancel(asked).catch(() => {});
    return jobs.get(asked);
  };
  const store = { redis: reader, notifications: new Notifications(subscriber, reader), get };
  const seen: string[] = [];
  for await (const { event } of followEvents(id, { signal: AbortSignal.timeout(20_000) }, store)) seen.push(event);
  assert.equal(seen.at(-1), 'done');
});

test('many readers of many jobs share one connection, and leave no subscription behind', async (t) => {
  const bench = await startBench(t, { maxQueue: 100 });
  const { jobs } = bench;
  const admin = new Redis(bench.redis.url);
  t.after(() => admin.disconnect());
  const clients = async () =>
    String(await admin.client('LIST'))
      .trim()
      .split('\n').length;
  const channels = async () => (await admin.pubsub('CHANNELS', 'whence:*')).length;
  const before = await clients();
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.push((await bench.submit()).id);
  const stop = new AbortController();
  setMaxListeners(100, stop.signal);
  const seen: string[] = [];
  const readers = ids.flatMap((id) =>
    [1, 2, 3].map(async () => {
      for await (const event of jobs.events(id, { signal: stop.signal })) seen.push(event.event);
    }),
  );
  const waiting = ids.map((id) => jobs.wait(id, 30));
  while ((await channels()) < 20) await jobs.ping();
  assert.equal(await clients(), before);
  await Promise.all(ids.slice(0, 19).map((id) => jobs.cancel(id)));
  await Promise.all(readers.slice(0, 57));
  assert.deepEqual(seen, new Array(57).fill('done'));
  stop.abort();
  await Promise.all(readers);
  await jobs.remove(ids[19]);
  const ended = await Promise.all(waiting);
  assert.deepEqual(
    ended.map((job) => job?.status),
    [...new Array(19).fill('canceled'), undefined],
  );
  while ((await channels()) > 0) await jobs.ping();
});

test('a reader and a waiter of a job that is removed end', async (t) => {
  const { jobs, submit } = await startBench(t);
  const job = await submit();
  const events = collect(jobs, job.id);
  const waited = jobs.wait(job.id, 20);
  await jobs.ping();
  await jobs.remove(job.id);
  assert.deepEqual(await events, []);
  assert.equal(await waited, null);
});

test('wait gives the job as it is at the time-out, and when the client leaves', async (t) => {
  const { jobs, submit } = await startBench(t);
  const job = await submit();
  assert.equal((await jobs.wait(job.id, 0.05))?.status, 'queued');
  const leave = new AbortController();
  const waited = jobs.wait(job.id, 60, leave.signal);
  leave.abort();
  assert.equal((await waited)?.status, 'queued');
});
