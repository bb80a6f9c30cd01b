import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './campaign.ts';
import { draining } from './drain.ts';

test('a job whose worker leaves goes on in another, to the byte, and tells each step once', async () => {
  const tally = await holds(draining({ model: 'facts-gpt2', scale: 1, tuning: { drainMs: 0, lockMs: 3_000 } }), 45);
  assert.ok(tally.count('handed over') > 0);
});
