import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf } from '../../../src/cli/dataset/progress-bar.ts';
import type { Batch } from '../../../src/contract/batch.ts';
import { batchLinks } from '../../../src/contract/batch.ts';

test('how far a batch is, in a line', () => {
  const batch: Batch = {
    id: 'b7x2',
    status: 'running',
    created_at: '2026-03-01T12:00:00.000Z',
    started_at: '2026-03-01T12:00:00.200Z',
    finished_at: null,
    estimated_end: '2026-03-01T12:00:25.200Z',
    counts: { total: 500, queued: 396, running: 4, succeeded: 99, failed: 1, canceled: 0 },
    progress: { completed: 100, total: 500, fraction: 0.2 },
    links: batchLinks('b7x2'),
  };
  const now = Date.parse('2026-03-01T12:00:05.200Z');
  assert.equal(lineOf(batch, now), `[######${' '.repeat(24)}] 100/500  1 failed  about 20 s left`);
  const hours = { ...batch, counts: { ...batch.counts, failed: 0 }, estimated_end: '2026-03-01T15:00:00.000Z' };
  assert.match(lineOf(hours, now), /\] 100\/500 {2}about 3 h left$/);
  const done = { ...batch, progress: { completed: 500, total: 500, fraction: 1 }, estimated_end: null };
  assert.equal(lineOf(done, now), `[${'#'.repeat(30)}] 500/500  1 failed`);
});
