/** A job from submission to its result, undisturbed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { JobEvent } from '../../src/contract/events.ts';
import { startBench } from '../support/jobs.ts';

test('the record of a job counts the texts that failed', async (t) => {
  const bench = await startBench(t);
  await bench.worker();
  const job = await bench.submit({ failedTexts: 2 });
  assert.equal(job.failed_texts, 0);
  const done = await bench.jobs.wait(job.id, 20);
  assert.deepEqual([done?.status, done?.failed_texts], ['succeeded', 2]);
});

test('a job is queued, computed, and its result, events and record agree', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const job = await bench.submit({ steps: 3 });
  assert.equal(job.status, 'queued');
  assert.equal(job.queue_position, 0);
  assert.deepEqual(job.progress, { phase: 'queued', completed: 0, total: 0, fraction: 0 });
  assert.equal(await jobs.result(job.id, 'json'), null);

  const worker = await bench.worker();
  const done = await jobs.wait(job.id, 20);
  assert.equal(done?.status, 'succeeded');
  assert.equal(done.queue_position, null);
  assert.deepEqual(done.progress, { phase: 'done', completed: 3, total: 3, fraction: 1 });
  assert.ok(done.started_at !== null && done.finished_at !== null && done.started_at >= done.created_at);

  const result = JSON.parse(String(await jobs.result(job.id, 'json')));
  assert.equal(result.job_id, job.id);
  const packed = await jobs.packedResult(job.id, 'json');
  assert.deepEqual(JSON.parse(String(gunzipSync(Buffer.concat(packed ?? [])))), result);
  assert.deepEqual(JSON.parse(String(await jobs.result(job.id, 'inseq'))), { inseq: true, text: '' });
  const request = await jobs.request(job.id);
  assert.deepEqual(request && 'method_args' in request && request.method_args, { steps: 3 });

  const events: JobEvent[] = [];
  for await (const event of jobs.events(job.id, { signal: AbortSignal.timeout(5_000) })) events.push(event);
  assert.deepEqual(
    events.map(({ event }) => event).filter((name) => name !== 'progress'),
    ['step', 'step', 'step', 'done'],
  );
  const last = events.at(-1);
  assert.deepEqual(last?.data, done);
  assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 1, failed: 0, canceled: 0 });
  assert.deepEqual(
    (await jobs.workers()).map(({ id, loaded_models }) => [id, loaded_models]),
    [[worker.id, ['tiny']]],
  );
});
