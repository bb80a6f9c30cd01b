/** Ids of jobs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJobId, jobIdTime, newJobId } from '../../src/jobs/ids.ts';

test('ids are distinct, sort by creation, also within a millisecond, and tell their time', (t) => {
  const now = Date.now() + 60_000; // later than any id of this process
  t.mock.timers.enable({ apis: ['Date'], now });
  const ids = Array.from({ length: 10_000 }, () => newJobId());
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(ids, [...ids].sort());
  assert.ok(ids.every(isJobId));
  assert.equal(jobIdTime(ids[0]), now);
  assert.ok(jobIdTime(ids[9_999]) - now <= 3);
  t.mock.timers.setTime(now - 1_000);
  assert.ok(newJobId() > ids[9_999], 'a clock that was set back does not reorder');
});

test('what is no id is refused', () => {
  const id = '0192f0c4-1b2c-7000-8abc-0123456789ab';
  assert.equal(isJobId(id), true);
  for (const text of ['', `${id} `, id.toUpperCase(), id.replace('-7000', '-4000'), `${id}:x`])
    assert.equal(isJobId(text), false);
});
