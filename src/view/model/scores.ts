/** Scores of a result as single numbers. */

import type { Scores } from '../../contract/result.ts';

/** One number for raw scores: their norm over all further axes. */
export function singleScore(scores: Scores): number | null {
  if (!Array.isArray(scores)) return scores;
  const values = scores.map(singleScore).filter((value) => value !== null);
  return values.length === 0 ? null : Math.hypot(...values);
}

/** The same, NaN for null. */
export function numberOf(scores: Scores | undefined): number {
  return scores === undefined ? Number.NaN : (singleScore(scores) ?? Number.NaN);
}
