import { test } from 'node:test';
import { holds } from './campaign.ts';
import { memory } from './memory.ts';

test('after mixed jobs and cancels Redis holds what it held before', async () => {
  await holds(memory, 15);
});
