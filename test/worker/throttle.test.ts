import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../src/contract/job.ts';
import { throttleProgress } from '../../src/worker/throttle.ts';

type Update = Omit<Progress, 'fraction'>;
const at = (completed: number, phase: Update['phase'] = 'attributing'): Update => ({ phase, completed, total: 100 });

/** Blocks, as an engine that computes synchronously does. */
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('at most one update of a phase in 100 ms, the newest, and every change of phase', () => {
  const sent: Update[] = [];
  const { report, flush } = throttleProgress((update) => sent.push(update));
  report(at(0, 'loading'));
  report(at(0));
  for (let i = 1; i <= 10; i++) report(at(i));
  assert.deepEqual(sent, [at(0, 'loading'), at(0)]);
  block(110);
  report(at(11));
  assert.deepEqual(sent.slice(2), [at(11)], 'the clock counts, not the event loop');
  report(at(12));
  report(at(13));
  flush();
  flush();
  assert.deepEqual(sent.slice(3), [at(13)]);
});

test('what was held back is sent when the interval ends, and dropped by stop', async () => {
  const sent: Update[] = [];
  let arrived = () => {};
  const second = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { report, stop } = throttleProgress((update) => {
    sent.push(update);
    if (sent.length === 2) arrived();
  });
  report(at(1));
  report(at(2));
  report(at(3));
  await second;
  assert.deepEqual(sent, [at(1), at(3)]);
  report(at(4));
  stop();
  block(110);
  await new Promise(setImmediate);
  assert.equal(sent.length, 2);
});
