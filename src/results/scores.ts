import type { Scores } from '../contract/result.ts';

/** One number for raw scores: their norm over all further axes. */
export function singleScore(scores: Scores): number | null {
  if (!Array.isArray(scores)) return scores;
  const values = scores.map(singleScore).filter((value) => value !== null);
  return values.length === 0 ? null : Math.hypot(...values);
}
