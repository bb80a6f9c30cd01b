import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamicBatcher } from '../../src/batching/dynamic-batcher.ts';

test('what runs between batches holds up the next one, and a job that is stopped in it runs no more', async () => {
  const batcher = new DynamicBatcher();
  const ran: string[] = [];
  const kind = {
    fit: () => 1,
    run: async ([item]: readonly string[]) => {
      ran.push(item);
      await sleep(5);
      return [item];
    },
  };
  const stop = new AbortController();
  const look = () => stop.signal.throwIfAborted();
  const clients = ['a', 'b', 'c'].map((item) => batcher.join(look, (client) => client.submit(kind, item)));
  await sleep(1); // the first runs
  const found = await batcher.between(async () => {
    const before = [...ran];
    await sleep(20);
    return { before, after: [...ran] };
  });
  stop.abort(new Error('stopped'));
  assert.deepEqual(found, { before: ['a'], after: ['a'] });
  const outcomes = await Promise.allSettled(clients);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  assert.deepEqual(ran, ['a']);
  assert.equal(await batcher.between(async () => 'at once'), 'at once');
});
