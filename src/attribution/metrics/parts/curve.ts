/** Curves of RISE: the score as units are taken away, or put back, in the order of their importance. */

import { Type } from 'typebox';
import type { CopyScores, Measurement } from '../../metric.ts';

export const RISE = {
  title: 'RISE: Randomized Input Sampling for Explanation of Black-box Models',
  url: 'https://arxiv.org/abs/1806.07421',
};

export const POINTS = Type.Object(
  {
    points: Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 10,
      description:
        'Equal parts that the units are changed in, fewer where there are not as many units. Each is about two copies ' +
        'of the text.',
    }),
  },
  { additionalProperties: false },
);

/** Numbers of units at the points of a curve, from 0 to all: ascending, each once. */
export function unitsAtPoints(points: number, units: number): number[] {
  return [...new Set(Array.from({ length: points + 1 }, (_, k) => Math.round((k * units) / points)))];
}

/** The area under the curve by the trapezoidal rule, over the share of units from 0 to 1. */
export function area({ copies }: CopyScores, units: number, points: number): Measurement {
  const curve = unitsAtPoints(points, units).map((count, k) => ({ units: count, value: copies[k] }));
  let value = 0;
  for (let k = 1; k < curve.length; k++) {
    const [before, here] = [curve[k - 1], curve[k]];
    value += ((here.units - before.units) / units) * ((before.value + here.value) / 2);
  }
  return { value, points: curve };
}
