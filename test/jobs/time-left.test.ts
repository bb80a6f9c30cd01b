/** What progress says of the seconds that are left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../src/contract/job.ts';
import { TimeLeft } from '../../src/jobs/time-left.ts';

function start(estimate: number | null) {
  let now = 0;
  const left = new TimeLeft(estimate, () => now);
  return (seconds: number, phase: Progress['phase'], completed: number, total: number) => {
    now = seconds * 1_000;
    const told = left.told({ progress: { phase, completed, total } });
    return 'progress' in told ? told.progress.seconds_left : undefined;
  };
}

test('first the quote tells, without what the model took to load, then how fast the job gets on', () => {
  const at = start(10);
  assert.equal(at(0, 'loading', 1, 2), undefined);
  assert.equal(at(5, 'generating', 0, 8), 10);
  assert.equal(at(7, 'attributing', 0, 100), 8);
  assert.equal(at(8, 'attributing', 10, 100), 7);
  assert.equal(at(12, 'attributing', 50, 100), 5);
  assert.equal(at(17, 'attributing', 100, 100), 0);
});

test('a job that takes longer than its quote has no negative time left', () => {
  const at = start(1);
  assert.equal(at(0, 'attributing', 0, 10), 1);
  assert.equal(at(5, 'attributing', 1, 10), 0);
  assert.equal(at(10, 'attributing', 5, 10), 10);
});

test('without a quote nothing is told before the job has got on', () => {
  const at = start(null);
  assert.equal(at(0, 'attributing', 0, 10), undefined);
  assert.equal(at(3, 'attributing', 1, 10), undefined);
  assert.equal(at(4, 'attributing', 4, 10), 6);
});

test('what an earlier attempt has done tells nothing of the speed of this one', () => {
  const at = start(null);
  assert.equal(at(0, 'attributing', 50, 100), undefined);
  assert.equal(at(1, 'attributing', 55, 100), undefined);
  assert.equal(at(4, 'attributing', 70, 100), 6);
  assert.equal(at(10, 'attributing', 100, 100), 0);
});

test('steps pass as they are', () => {
  const update = { step: { sequence: 0 } } as Parameters<TimeLeft['told']>[0];
  assert.equal(new TimeLeft(1).told(update), update);
});
