/** What the store accepts and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdempotencyConflictError, QueueFullError } from '../../src/jobs/jobs.ts';
import { startBench, testRequest } from '../support/jobs.ts';

test('the same idempotency key and body gives the first job, another body is a conflict', async (t) => {
  const { jobs } = await startBench(t);
  const options = { pool: 'default', idempotencyKey: 'order 7' };
  const request = testRequest({}, { method_args: { a: 1, b: 2 } });
  const same = testRequest({}, { method_args: { b: 2, a: 1 } });
  const tries = await Promise.all([1, 2, 3, 4, 5].map((i) => jobs.submit(i % 2 ? request : same, options)));
  assert.equal(tries.filter(({ created }) => created).length, 1, 'five at once make one job');
  assert.equal(new Set(tries.map(({ job }) => job.id)).size, 1);
  const [{ job }] = tries;
  await assert.rejects(jobs.submit(testRequest({ steps: 1 }), options), (error) => {
    assert.ok(error instanceof IdempotencyConflictError);
    return error.jobId === job.id;
  });
  const other = await jobs.submit(request, { pool: 'default', idempotencyKey: 'order 8' });
  assert.equal(other.created, true);
  await jobs.remove(job.id);
  const again = await jobs.submit(testRequest({ steps: 1 }), options);
  assert.equal(again.created, true, 'a forgotten job frees its key');
});

test('a full queue refuses, whoever asks at once, and accepts again when a job left', async (t) => {
  const { jobs } = await startBench(t, { maxQueue: 3 });
  const submit = (pool = 'default') => jobs.submit(testRequest(), { pool });
  const tries = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => submit()));
  const accepted = tries.filter((attempt) => attempt.status === 'fulfilled');
  const refused = tries.filter((attempt) => attempt.status === 'rejected');
  assert.deepEqual([accepted.length, refused.length], [3, 3]);
  assert.ok(
    refused.every(({ reason }) => reason instanceof QueueFullError && reason.limit === 3 && reason.waiting === 3),
  );
  assert.equal((await submit('large')).created, true, 'each pool has its own queue');
  await jobs.cancel(accepted[0].value.job.id);
  assert.equal((await submit()).created, true);
});

test('queue_position counts the jobs in front of it in its pool', async (t) => {
  const { jobs, submit } = await startBench(t);
  const [first, second, third] = [await submit(), await submit(), await submit()];
  const positions = async () =>
    Promise.all([first, second, third].map(async ({ id }) => (await jobs.get(id))?.queue_position));
  assert.deepEqual(await positions(), [0, 1, 2]);
  await jobs.cancel(first.id);
  assert.deepEqual(await positions(), [null, 0, 1], 'an ended job has no place');
});
