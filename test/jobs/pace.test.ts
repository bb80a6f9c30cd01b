/** How much a worker takes together. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/jobs/pace.ts';

function after(turns: number, work: number, seconds: number): number {
  const pace = new Pace();
  for (let i = 0; i < turns; i++) pace.note(work, seconds);
  return pace.company().work;
}

test('a worker takes what it computes in three seconds, as its turns tell', () => {
  for (const pace of [2_000, 5_000, 2_000_000]) {
    const work = after(60, 2 * pace, 2);
    assert.ok(Math.abs(work / (3 * pace) - 1) < 0.01, `${work} at ${pace} a second`);
  }
});

test('one turn that was over at once changes little, one that took long makes it careful', () => {
  const usual = new Pace().company().work;
  assert.ok(after(1, 1e9, 0) <= 1.31 * usual);
  assert.ok(after(1, 1, 100) <= 0.71 * usual);
});

test('jobs and texts have limits of their own', () => {
  const { jobs, texts } = new Pace().company();
  assert.deepEqual([jobs, texts], [32, 64]);
});
