/** Methods ranked by what was measured of them: means over texts with confidence intervals, and ranks over metrics. */

import type { Estimate } from '../contract/evaluate.ts';
import { Random } from '../random.ts';

const RESAMPLES = 1_000;
/** Ends of the interval, in shares of the resamples. */
const [LOW, HIGH] = [0.025, 0.975];

/**
 * The mean with its 95 % confidence interval by the percentile bootstrap (Efron & Tibshirani 1993, chapter 13); null where
 * there is no number.
 */
export function estimate(values: readonly number[], seed: number): Estimate | null {
  if (values.length === 0) return null;
  const mean = meanOf(values);
  if (values.length === 1) return { mean, low: null, high: null };
  const random = new Random(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let k = 0; k < values.length; k++) sum += values[random.integer(values.length)];
    return sum / values.length;
  }).sort();
  return { mean, low: means[Math.floor(LOW * RESAMPLES)], high: means[Math.ceil(HIGH * RESAMPLES) - 1] };
}

/** What one metric is compared by. */
export interface ComparedMetric {
  better: 'higher' | 'lower';
  /** By method; null: it has none. */
  means: readonly (number | null)[];
}

/**
 * The mean over the metrics of each method's rank, from 1, the best: ties share their ranks, and a method without a number
 * comes behind all that have one. Metrics without any number do not count. Null where none counts, or the method has no
 * number at all.
 */
export function meanRanks(metrics: readonly ComparedMetric[], methods: number): (number | null)[] {
  const counting = metrics.filter(({ means }) => means.some((mean) => mean !== null));
  return Array.from({ length: methods }, (_, method) => {
    if (counting.every(({ means }) => means[method] === null)) return null;
    return meanOf(counting.map(({ better, means }) => rankIn(means, method, better)));
  });
}

function rankIn(means: readonly (number | null)[], method: number, better: ComparedMetric['better']): number {
  const worth = means.map((mean) => (mean === null ? Number.NEGATIVE_INFINITY : better === 'higher' ? mean : -mean));
  const ahead = worth.filter((other) => other > worth[method]).length;
  const alike = worth.filter((other) => other === worth[method]).length;
  return ahead + (alike + 1) / 2;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
