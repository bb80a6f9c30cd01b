/** Scores that are shares of a whole, such as attention: a column of several steps has their mean. */

import type { SequenceFeatures } from '../../passes/sequence-features.ts';
import type { ScoreArray } from '../../scores.ts';

/**
 * The columns of scores that are known by step. The shares of each step sum to one, and so do those of the mean; a step
 * that does not see a token gives it nothing.
 * @param scores - [tokens, steps, ...extra]
 * @returns [tokens, columns, ...extra]; NaN where no step of the column sees the token
 */
export function meansOfSteps(passes: SequenceFeatures, scores: ScoreArray): ScoreArray {
  if (!passes.sums) return scores;
  const { steps, columns, stepsOf } = passes;
  const [tokens, , ...extra] = scores.shape;
  const size = extra.reduce((product, axis) => product * axis, 1);
  const data = new Float32Array(tokens * columns * size);
  for (let token = 0; token < tokens; token++) {
    stepsOf.forEach(({ start, end }, column) => {
      for (let k = 0; k < size; k++) {
        let sum = 0;
        let seen = false;
        for (let t = start; t < end; t++) {
          const value = scores.data[(token * steps + t) * size + k];
          if (Number.isNaN(value)) continue;
          sum += value;
          seen = true;
        }
        data[(token * columns + column) * size + k] = seen ? sum / (end - start) : Number.NaN;
      }
    });
  }
  return { shape: [tokens, columns, ...extra], data };
}
