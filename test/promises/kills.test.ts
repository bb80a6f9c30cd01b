import { test } from 'node:test';
import { holds } from './campaign.ts';
import { kills } from './kills.ts';

test('nothing is lost and nothing happens twice while workers, engines, API and Redis are killed', async () => {
  await holds(kills, 30);
});
