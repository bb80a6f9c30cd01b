/** What is learned from the turns of workers: seconds by effort. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Effort, type EffortSample, effortOf, sumOfEfforts } from '../../src/effort.ts';
import { fitSeconds } from '../../src/quotes/seconds.ts';
import { Random } from '../../src/random.ts';

const PARAMETERS = 1e6;

const truth = ({ texts, rows, pulled, generated, cells }: Effort): number =>
  0.02 + 0.003 * texts + 2e-4 * rows + 5e-4 * pulled + 0.004 * generated + 1e-6 * cells;

function drawn(random: Random, noise = 0): EffortSample {
  const [length, steps, copies] = [5 + random.integer(60), 1 + random.integer(5), 1 + random.integer(100)];
  const text = { sourceLength: 0, length, start: length - steps + 1, steps, generated: random.integer(2) * steps };
  const effort = effortOf([text], { forward: copies, backward: copies });
  return { ...effort, seconds: truth(effort) * (1 + noise * (2 * random.uniform() - 1)) };
}

const errorsOn = (samples: readonly EffortSample[], of: (effort: Effort) => number): number[] =>
  samples.map((sample) => Math.abs(of(sample) / truth(sample) - 1)).sort((a, b) => a - b);

test('nothing is known of what was never computed', () => {
  assert.equal(fitSeconds([], PARAMETERS), null);
});

test('the costs of efforts are found among turns of all sizes, also where some were disturbed', () => {
  const random = new Random(5);
  const samples = Array.from({ length: 64 }, (_, i) => {
    const sample = drawn(random, 0.1);
    return i % 10 === 0 ? { ...sample, seconds: 3 * sample.seconds } : sample;
  });
  const estimate = fitSeconds(samples, PARAMETERS);
  assert.ok(estimate);
  const fresh = Array.from({ length: 200 }, () => drawn(random));
  const errors = errorsOn(fresh, estimate);
  assert.ok(errors[190] < 0.25, `p95 ${errors[190]}`);
  assert.ok(errors[100] < 0.1, `p50 ${errors[100]}`);
});

test('one turn brings the usual costs to scale, and more of the same are not taken for what they cannot tell', () => {
  const sample = drawn(new Random(2));
  for (const count of [1, 20]) {
    const estimate = fitSeconds(new Array<EffortSample>(count).fill(sample), PARAMETERS);
    assert.ok(estimate);
    assert.ok(Math.abs(estimate(sample) / sample.seconds - 1) < 0.01);
    const larger = estimate(sumOfEfforts([sample, sample]));
    assert.ok(larger > sample.seconds && larger <= 2.01 * sample.seconds, `${larger} for ${sample.seconds}`);
  }
});

test('a machine that became slower is believed', () => {
  const random = new Random(3);
  const now = Array.from({ length: 40 }, () => drawn(random)).map((sample) => ({
    ...sample,
    seconds: 2 * sample.seconds,
  }));
  const before = Array.from({ length: 24 }, () => drawn(random));
  const estimate = fitSeconds([...now, ...before], PARAMETERS);
  assert.ok(estimate);
  const [sample] = now;
  assert.ok(estimate(sample) > 1.5 * truth(sample));
});

test('the effort of a text is counted in rows of its copies and of what each step sees', () => {
  const text = { sourceLength: 0, length: 5, start: 3, steps: 3, generated: 3 };
  // Steps read positions 2, 3 and 4, which see 3, 4 and 5 of them.
  assert.deepEqual(effortOf([text], { forward: 2, backward: 1 }), {
    texts: 1,
    rows: 10,
    pulled: 12,
    generated: 3,
    cells: 18,
  });
});
