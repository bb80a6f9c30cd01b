import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Saver } from '../../src/worker/saver.ts';

/** Passes time, second by second, so that what waits for a timer goes on. */
async function pass(t: TestContext, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    t.mock.timers.tick(1_000);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

function saving(t: TestContext, bytes: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: Buffer[] = [];
  return {
    sent,
    saver: new Saver(
      async () => Buffer.alloc(bytes),
      (savepoint) => sent.push(savepoint),
    ),
  };
}

test('a job is put down every five seconds, and when it is asked for, until it ends', async (t) => {
  const { sent, saver } = saving(t, 100);
  await pass(t, 4);
  assert.equal(sent.length, 0, 'a short job never is');
  await pass(t, 1);
  assert.equal(sent.length, 1);
  await saver.save();
  assert.equal(sent.length, 2);
  await pass(t, 5);
  assert.equal(sent.length, 3);
  saver.stop();
  await pass(t, 20);
  assert.equal(sent.length, 3);
});

test('a large savepoint is written more seldom', async (t) => {
  const { sent, saver } = saving(t, 4_000_000);
  await pass(t, 24);
  assert.equal(sent.length, 1);
  await pass(t, 1);
  assert.equal(sent.length, 2, 'twenty seconds later');
  saver.stop();
});
