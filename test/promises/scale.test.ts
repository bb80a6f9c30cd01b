import { test } from 'node:test';
import { holds } from './campaign.ts';
import { scaling } from './scale.ts';

test('workers come and go under load, and no job fails or is computed twice', async () => {
  await holds(scaling(2), 1);
});
