import { test } from 'node:test';
import { holds } from './campaign.ts';
import { outages } from './outages.ts';

test('jobs go on after Redis was killed, silent, cut off and full, and nothing that was refused is computed', async () => {
  await holds(outages, 40);
});
