import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './campaign.ts';
import { overload } from './overload.ts';

test('ten times the capacity, a thousand streams, hostile clients: polite answers, true Retry-After, others served', async () => {
  const tally = await holds(overload, 20);
  assert.ok(tally.count('refused') > tally.count('accepted'), 'most of the flood is refused');
  assert.ok(tally.count('untrue') < 0.2 * tally.count('refused'), `${tally.count('untrue')} wrong \`Retry-After\``);
  assert.ok(tally.count('hostile') > 20);
  assert.ok(tally.percentile('other', 0.9) < 2_000, `others wait for ${tally.percentile('other', 0.9)} ms`);
  assert.ok(tally.worst('job') < 20_000, `a job of another key takes ${tally.worst('job')} ms`);
  assert.ok(tally.worst('last third') < 600, `the API holds ${tally.worst('last third')} MB`);
});
