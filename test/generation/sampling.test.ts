/** The choice of the next token: likeliest, or drawn by temperature, top_k and top_p. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argmax, logSoftmax, sample, warp } from '../../src/generation/sampling.ts';
import { Random } from '../../src/random.ts';

describe('choice of the next token', () => {
  const scores = Float32Array.from([0, Math.log(2), Math.log(4), -Infinity, Math.log(3)]);
  const shares = (options: Partial<Parameters<typeof sample>[1]>, draws = 20_000): number[] => {
    const random = new Random(5);
    const counts = new Array<number>(scores.length).fill(0);
    for (let i = 0; i < draws; i++) {
      counts[sample(scores, { temperature: 1, topK: 0, topP: 1, ...options }, () => random.uniform())]++;
    }
    return counts.map((count) => count / draws);
  };
  /** Within four standard errors of 20,000 draws. */
  const near = (found: number[], expected: number[]): void =>
    found.forEach((share, id) => {
      assert.ok(Math.abs(share - expected[id]) < 0.015, `token ${id}: ${share}, expected ${expected[id]}`);
      if (expected[id] === 0) assert.equal(share, 0);
    });

  it('is the first of the largest', () => {
    assert.equal(argmax(Float32Array.of(1, 3, 3, 2)), 1);
  });

  it('draws by probability', () => near(shares({}), [0.1, 0.2, 0.4, 0, 0.3]));

  it('draws from the top_k best', () => near(shares({ topK: 2 }), [0, 0, 4 / 7, 0, 3 / 7]));

  it('draws from the fewest that hold top_p', () => {
    near(shares({ topP: 0.5 }), [0, 0, 4 / 7, 0, 3 / 7]);
    near(shares({ topP: 0.75 }), [0, 2 / 9, 4 / 9, 0, 3 / 9]);
    near(shares({ topP: 0.01 }), [0, 0, 1, 0, 0]);
  });

  it('applies top_p to what top_k leaves', () => near(shares({ topK: 3, topP: 0.44 }), [0, 0, 1, 0, 0]));

  it('sharpens and flattens by temperature', () => {
    near(shares({ temperature: 0.5 }), [1 / 30, 4 / 30, 16 / 30, 0, 9 / 30]);
    near(shares({ temperature: 0.01 }), [0, 0, 1, 0, 0]);
  });

  it('keeps all that are as likely as the last one kept', () => {
    const random = new Random(1);
    const drawn = new Set<number>();
    for (let i = 0; i < 100; i++) {
      drawn.add(sample(Float32Array.of(1, 1, 0), { temperature: 1, topK: 1, topP: 1 }, () => random.uniform()));
    }
    assert.deepEqual([...drawn].sort(), [0, 1]);
  });

  it('leaves at least so many tokens as are asked for', () => {
    const left = (options: Parameters<typeof warp>[1], fewest: number): number[] => {
      const warped = scores.slice();
      warp(warped, options, fewest);
      return Array.from(warped.keys()).filter((id) => warped[id] > -Infinity);
    };
    assert.deepEqual(left({ temperature: 1, topK: 1, topP: 1 }, 2), [2, 4]);
    assert.deepEqual(left({ temperature: 1, topK: 0, topP: 0.01 }, 3), [1, 2, 4]);
    assert.deepEqual(left({ temperature: 1, topK: 0, topP: 1 }, 9), [0, 1, 2, 4]);
  });

  it('fails when nothing is left', () => {
    const none = Float32Array.of(-Infinity, -Infinity);
    assert.throws(() => sample(none, { temperature: 1, topK: 0, topP: 1 }, () => 0.5), /forbidden/);
  });

  it('normalizes log-probabilities', () => {
    const logs = Float32Array.from([1000, 1000 + Math.log(3)]);
    logSoftmax(logs);
    assert.ok(Math.abs(logs[0] - Math.log(0.25)) < 1e-4 && Math.abs(logs[1] - Math.log(0.75)) < 1e-4);
  });
});
