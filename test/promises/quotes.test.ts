import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './campaign.ts';
import { quotes } from './quotes.ts';

test('jobs take the passes that they were quoted, and about the seconds', async () => {
  const tally = await holds(quotes, 25);
  assert.ok(tally.count('jobs') >= 12, `${tally.count('jobs')} jobs`);
});
