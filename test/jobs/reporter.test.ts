/** Progress and steps on their way to the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepEvent } from '../../src/contract/events.ts';
import { Reporter } from '../../src/jobs/reporter.ts';

const step = (position: number) => ({ step: { position } as StepEvent });
const progress = (completed: number) => ({ progress: { phase: 'attributing' as const, completed, total: 9 } });

test('steps keep their order and none is lost while a write is slow; progress is overwritten', async () => {
  const writes: [number | undefined, number[]][] = [];
  let release = () => {};
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reporter = new Reporter(
    async (latest, steps) => {
      writes.push([latest?.completed, steps.map(({ position }) => position)]);
      await slow;
      return true;
    },
    () => assert.fail(),
  );
  reporter.report(step(0));
  for (let i = 1; i <= 120; i++) {
    reporter.report(step(i));
    reporter.report(progress(i));
  }
  release();
  await reporter.flushed();
  assert.deepEqual(
    writes.flatMap(([, positions]) => positions),
    Array.from({ length: 121 }, (_, i) => i),
  );
  assert.deepEqual(
    writes.map(([latest]) => latest),
    [undefined, 120, undefined, undefined],
  );
  reporter.report(step(121));
  await reporter.flushed();
  assert.equal(writes.length, 5, 'it goes on after a pause');
});

test('a job that no longer counts is told so, once; a write that fails does not stop the job', async () => {
  let told = 0;
  let calls = 0;
  const reporter = new Reporter(
    async () => {
      calls++;
      if (calls === 1) throw new Error('OOM command not allowed');
      return false;
    },
    () => told++,
  );
  reporter.report(step(0));
  await reporter.flushed();
  assert.equal(told, 0);
  for (let i = 0; i < 100; i++) reporter.report(step(i));
  await reporter.flushed();
  assert.deepEqual([told, calls], [1, 2]);
});
