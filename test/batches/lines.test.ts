/** A batch from its lines to their results: each line has a fate of its own, and results come in the order of the lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf, startBatchBench } from '../support/batches.ts';

test('lines are computed and their results come in their order, the bad ones with their errors', async (t) => {
  const bench = await startBatchBench(t);
  const gate = bench.file('gate');
  const batch = await bench.accepted([
    { defaults: { model: 'tiny', method: 'saliency' } },
    { custom_id: 'slow', body: { input_texts: 'a', method_args: { gate } } },
    { custom_id: 'quick', url: '/attribute', body: { input_texts: 'b', method_args: {} } },
    '',
    { custom_id: 'typo', body: { input_texts: 'c', method: 'saliancy' } },
    { custom_id: 'elsewhere', url: '/evaluate', body: {} },
    { body: { input_texts: 'no name' } },
    { custom_id: 'fault', body: { input_texts: 'd', method_args: { fault: { code: 'x', message: 'y' } } } },
    { custom_id: 'hook', body: { input_texts: 'e', webhook: { url: 'https://example.org' } } },
  ]);
  assert.equal(batch.status, 'queued');
  assert.deepEqual(batch.counts, { total: 7, queued: 7, running: 0, succeeded: 0, failed: 0, canceled: 0 });
  assert.deepEqual(await bench.results(batch.id, '?follow=false'), []);
  await bench.worker();
  const results = bench.results(batch.id);
  await bench.open(gate);
  const ended = await bench.ended(batch.id);
  assert.equal(ended.status, 'completed');
  assert.deepEqual(ended.counts, { total: 7, queued: 0, running: 0, succeeded: 2, failed: 5, canceled: 0 });
  assert.deepEqual(ended.progress, { completed: 7, total: 7, fraction: 1 });
  assert.equal(ended.estimated_end, null);
  const found = await results;
  assert.deepEqual(
    found.map(({ custom_id, status, error }) => [custom_id, status, error?.code]),
    [
      ['slow', 'succeeded', undefined],
      ['quick', 'succeeded', undefined],
      ['typo', 'failed', 'validation'],
      ['elsewhere', 'failed', 'validation'],
      [null, 'failed', 'validation'],
      ['fault', 'failed', 'x'],
      ['hook', 'failed', 'validation'],
    ],
  );
  assert.equal(found[0].result?.info.method, 'test');
  assert.match(String(found[2].error?.message), /there is no method "saliancy"\. Did you mean "saliency"\?/);
  assert.equal(found[2].error?.pointer, '#/body/method');
  assert.match(String(found[3].error?.message), /got "\/evaluate"\. Known values: \/attribute/);
  assert.equal(found[4].error?.pointer, '#/custom_id');
  assert.equal(found[6].error?.pointer, '#/body/webhook');
  assert.deepEqual(await bench.results(batch.id, '?skip=5'), found.slice(5));
  // Nothing is left of their jobs.
  assert.deepEqual(await bench.jobs.counts(), { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 });
});

test('a batch of more lines than may be jobs at a time', async (t) => {
  const bench = await startBatchBench(t);
  await bench.worker();
  const lines = Array.from({ length: 700 }, (_, i) => lineOf(`line ${i}`));
  const { id } = await bench.accepted(lines);
  const results = await bench.results(id);
  assert.deepEqual(
    results.map(({ custom_id, status }) => [custom_id, status]),
    lines.map(({ custom_id }) => [custom_id, 'succeeded']),
  );
  assert.equal((await bench.get(id)).status, 'completed');
});
