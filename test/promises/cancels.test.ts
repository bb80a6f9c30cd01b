import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './campaign.ts';
import { cancels } from './cancels.ts';

test('after a cancel of any long job the next one is soon done, by the same engine', async () => {
  const tally = await holds(cancels, 30);
  assert.ok(tally.count('cancels facts-gpt2') > 0);
});
