/** The number of each metric, from scores of copies that a reader can check by hand. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Measurement, MetricCopy } from '../../../src/attribution/metric.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';

const { metrics } = await loadRegistries();

interface Case {
  args: Record<string, unknown>;
  units: number;
  /** The copies that are asked for, and what the model says of each. */
  copies: MetricCopy[];
  scores: number[];
  expected: Measurement;
}

/** The text as it is. */
const UNCHANGED = 0.8;

const soft = (keep: 'important' | 'unimportant', sample: number): MetricCopy => ({ kind: 'soft', keep, sample });

const CASES: Record<string, Case[]> = {
  comprehensiveness: [
    {
      args: { fraction: 0.2 },
      units: 11,
      copies: [{ kind: 'without', units: 2 }],
      scores: [0.3],
      expected: { value: 0.5 },
    },
    // One unit at least; a score that rises is a negative drop.
    {
      args: { fraction: 0.1 },
      units: 3,
      copies: [{ kind: 'without', units: 1 }],
      scores: [0.9],
      expected: { value: -0.1 },
    },
  ],
  sufficiency: [
    {
      args: { fraction: 0.5 },
      units: 4,
      copies: [{ kind: 'only', units: 2 }],
      scores: [0.7],
      expected: { value: 0.1 },
    },
    { args: { fraction: 1 }, units: 4, copies: [{ kind: 'only', units: 4 }], scores: [0.8], expected: { value: 0 } },
  ],
  aopc_comprehensiveness: [
    {
      args: { fractions: [0.1, 0.5] },
      units: 10,
      copies: [
        { kind: 'without', units: 1 },
        { kind: 'without', units: 5 },
      ],
      scores: [0.6, 0.2],
      expected: {
        value: 0.4,
        points: [
          { units: 1, value: 0.2 },
          { units: 5, value: 0.6 },
        ],
      },
    },
  ],
  aopc_sufficiency: [
    {
      args: { fractions: [0.1, 0.5] },
      units: 10,
      copies: [
        { kind: 'only', units: 1 },
        { kind: 'only', units: 5 },
      ],
      scores: [0, 0.6],
      expected: {
        value: 0.5,
        points: [
          { units: 1, value: 0.8 },
          { units: 5, value: 0.2 },
        ],
      },
    },
  ],
  deletion: [
    {
      // Points at 0, 2 (1.67 rounded), 3 and 5 of 5 units: trapezoids of widths 0.4, 0.2 and 0.4.
      args: { points: 3 },
      units: 5,
      copies: [
        { kind: 'without', units: 0 },
        { kind: 'without', units: 2 },
        { kind: 'without', units: 3 },
        { kind: 'without', units: 5 },
      ],
      scores: [0.8, 0.4, 0.2, 0],
      expected: {
        value: 0.4 * 0.6 + 0.2 * 0.3 + 0.4 * 0.1,
        points: [
          { units: 0, value: 0.8 },
          { units: 2, value: 0.4 },
          { units: 3, value: 0.2 },
          { units: 5, value: 0 },
        ],
      },
    },
  ],
  insertion: [
    {
      // Two units cannot be put back in ten parts.
      args: { points: 10 },
      units: 2,
      copies: [
        { kind: 'only', units: 0 },
        { kind: 'only', units: 1 },
        { kind: 'only', units: 2 },
      ],
      scores: [0, 0.6, 0.8],
      expected: {
        value: 0.5 * 0.3 + 0.5 * 0.7,
        points: [
          { units: 0, value: 0 },
          { units: 1, value: 0.6 },
          { units: 2, value: 0.8 },
        ],
      },
    },
  ],
  soft_comprehensiveness: [
    {
      // Drops of 0.3 and of none (a rise), of 0.6 when all is zeroed.
      args: { samples: 2 },
      units: 4,
      copies: [soft('unimportant', 0), soft('unimportant', 1), { kind: 'zero' }],
      scores: [0.5, 0.9, 0.2],
      expected: { value: 0.25 },
    },
    {
      args: { samples: 1 },
      units: 4,
      copies: [soft('unimportant', 0), { kind: 'zero' }],
      scores: [0.5, 0.8],
      expected: { value: null },
    },
  ],
  soft_sufficiency: [
    {
      args: { samples: 1 },
      units: 4,
      copies: [soft('important', 0), { kind: 'zero' }],
      scores: [0.65, 0.2],
      expected: { value: 0.75 },
    },
    {
      args: { samples: 1 },
      units: 4,
      copies: [soft('important', 0), { kind: 'zero' }],
      scores: [0.65, 0.9],
      expected: { value: null },
    },
  ],
};

function assertNear(value: number | null, expected: number | null, what: string): void {
  if (value === null || expected === null) assert.equal(value, expected, what);
  else assert.ok(Math.abs(value - expected) < 1e-12, `${what}: ${value} is not ${expected}`);
}

describe('metrics by their formulas', () => {
  it('covers every metric', () => {
    assert.deepEqual([...metrics.keys()], Object.keys(CASES).sort());
  });

  for (const [id, cases] of Object.entries(CASES)) {
    for (const { args, units, copies, scores, expected } of cases) {
      it(`${id} of ${units} units with ${JSON.stringify(args)}`, () => {
        const metric = metrics.get(id);
        assert.ok(metric);
        assert.deepEqual(metric.copies(units, args), copies);
        const { value, points } = metric.measure({ unchanged: UNCHANGED, copies: scores }, units, args);
        assertNear(value, expected.value, id);
        assert.equal(points?.length, expected.points?.length);
        points?.forEach((point, k) => {
          assert.equal(point.units, expected.points?.[k].units);
          assertNear(point.value, expected.points?.[k].value ?? null, `${id} at ${point.units} units`);
        });
      });
    }
  }

  it('say in their description which direction is better', () => {
    for (const { id, better, description } of metrics.values()) {
      assert.ok(description.endsWith(better === 'higher' ? 'Higher is better.' : 'Lower is better.'), id);
    }
  });
});
