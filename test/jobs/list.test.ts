/** Lists of jobs, and what expires out of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobQuery } from '../../src/jobs/jobs.ts';
import { eventually, startBench } from '../support/jobs.ts';

test('pages are newest first, filtered, complete and without repeats', async (t) => {
  const { jobs, submit } = await startBench(t, { maxQueue: 100 });
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) ids.unshift((await submit({}, { model: i % 3 === 0 ? 'other' : 'tiny' })).id);
  for (const id of ids.filter((_, i) => i % 2 === 0)) await jobs.cancel(id);

  const all = async (query: Omit<JobQuery, 'cursor'>) => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await jobs.list({ ...query, cursor });
      assert.ok(page.jobs.length <= query.limit);
      pages.push(page.jobs.map(({ id }) => id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return pages.flat();
  };
  const others = ids.filter((_, i) => (11 - i) % 3 === 0);
  for (const limit of [1, 4, 5, 12, 100]) {
    assert.deepEqual(await all({ limit }), ids);
    assert.deepEqual(
      await all({ limit, status: 'canceled' }),
      ids.filter((_, i) => i % 2 === 0),
    );
    assert.deepEqual(await all({ limit, model: 'other' }), others);
    assert.deepEqual(
      await all({ limit, model: 'other', status: 'queued' }),
      others.filter((id) => ids.indexOf(id) % 2 === 1),
    );
    assert.deepEqual(await all({ limit, model: 'nobody' }), []);
  }
  assert.equal((await jobs.list({ limit: 12 })).next_cursor, null, 'a full last page is the last');
  assert.equal((await jobs.list({ limit: 5, cursor: 'nonsense' })).jobs.length, 5);
  assert.deepEqual(await jobs.counts(), { queued: 6, running: 0, succeeded: 0, failed: 0, canceled: 6 });
});

test('an ended job, its result and its index entries expire; one that waits does not', async (t) => {
  const bench = await startBench(t, { resultTtlSeconds: 1 });
  const { jobs } = bench;
  const waiting = await bench.submit({}, { model: 'elsewhere' });
  await jobs.cancel((await bench.submit()).id);
  const idempotent = await jobs.submit((await jobs.request(waiting.id))!, { pool: 'p', idempotencyKey: 'key' });
  await jobs.cancel(idempotent.job.id);
  await eventually(async () => (await jobs.counts()).canceled === 0);
  assert.equal(await jobs.get(idempotent.job.id), null);
  assert.equal(await jobs.request(idempotent.job.id), null);
  assert.deepEqual(
    (await jobs.list({ limit: 10 })).jobs.map(({ id }) => id),
    [waiting.id],
  );
  assert.deepEqual((await jobs.list({ limit: 10, model: 'tiny' })).jobs, []);
  assert.equal((await jobs.get(waiting.id))?.status, 'queued');
});

test('ids that are none are unknown and never part of a key', async (t) => {
  const { jobs } = await startBench(t);
  for (const id of ['', '*', '../x', 'jobs', '00000000-0000-7000-8000-000000000000']) {
    assert.equal(await jobs.get(id), null);
    assert.equal(await jobs.request(id), null);
    assert.equal(await jobs.result(id, 'json'), null);
    assert.equal(await jobs.cancel(id), null);
    assert.equal(await jobs.remove(id), false);
    assert.equal(await jobs.wait(id, 1), null);
    for await (const event of jobs.events(id, { signal: AbortSignal.timeout(5_000) }))
      assert.fail(JSON.stringify(event));
  }
});
