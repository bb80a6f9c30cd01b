import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds } from './campaign.ts';
import { overload } from './overload.ts';

test('ten times the capacity, a thousand streams, hostile clients: polite answers, true Retry-After, others served', async () => {
  const tally = await holds(overload, 20);
  assert.ok(tally.count('refused') > tally.count('accepted'), 'most of the flood is refused');
  // Other tests run beside it, and with them the pace goes up and down: the soak asks for more.
  const judged = tally.samples.ratio?.length ?? 0;
  assert.ok(tally.count('untrue') < 0.5 * judged, `${tally.count('untrue')} of ${judged} \`Retry-After\` wrong`);
  assert.ok(tally.count('hostile') > 20);
  assert.ok(tally.percentile('other', 0.9) < 2_000, `others wait for ${tally.percentile('other', 0.9)} ms`);
  assert.ok(tally.worst('job') < 20_000, `a job of another key takes ${tally.worst('job')} ms`);
  assert.ok(tally.worst('last third') < 600, `the API holds ${tally.worst('last third')} MB`);
});
