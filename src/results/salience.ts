/** Which scores are large enough to be named: the rule of Inseq's `attribute-context`. */

/** Mean plus `weight` standard deviations, as Inseq takes it. */
export function thresholdOf(scores: ArrayLike<number>, weight: number | null): number {
  const values = Array.from(scores);
  if (weight === null || values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (weight === 0 || values.length === 1) return mean;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return mean + weight * Math.sqrt(variance);
}

/** Indices of the scores whose absolute value reaches the threshold, the largest first, at most `most`. */
export function salient(scores: ArrayLike<number>, threshold: number, most: number | null): number[] {
  const reaching = Array.from(scores, (score, index) => ({ index, size: Math.abs(score) })).filter(
    ({ size }) => size >= threshold,
  );
  reaching.sort((a, b) => b.size - a.size || a.index - b.index);
  return reaching.slice(0, most ?? reaching.length).map(({ index }) => index);
}
