/** The choice of the next token: the likeliest, or a draw from what temperature, top_k and top_p leave. */

import type { GenerationOptions } from './options.ts';

/** log softmax in place; computed in double precision. */
export function logSoftmax(scores: Float32Array): void {
  let max = -Infinity;
  for (const score of scores) if (score > max) max = score;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - max);
  const norm = max + Math.log(sum);
  for (let i = 0; i < scores.length; i++) scores[i] -= norm;
}

/** Index of the largest score; the first of equals. */
export function argmax(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/** What sampling keeps of the distribution. */
export type Warp = Pick<GenerationOptions, 'temperature' | 'topK' | 'topP'>;

/**
 * Sharpens the scores and forbids all but the likeliest tokens: temperature, then the `topK` best (0: all), then the
 * fewest that hold `topP` of the probability (Holtzman et al. 2019, arXiv:1904.09751), in the order of transformers.
 * Tokens as likely as the last one kept stay.
 * @param fewest - tokens that stay in any case
 */
export function warp(scores: Float32Array, { temperature, topK, topP }: Warp, fewest = 1): void {
  // Sorting the numbers alone is much faster than sorting token ids by them.
  const descending = scores
    .filter((score) => score > -Infinity)
    .sort()
    .reverse();
  const weight = (score: number): number => Math.exp((score - descending[0]) / temperature);
  let count = topK > 0 ? Math.min(Math.max(topK, fewest), descending.length) : descending.length;
  if (topP < 1) {
    const total = descending.subarray(0, count).reduce((sum, score) => sum + weight(score), 0);
    let held = 0;
    let kept = 0;
    while (kept < count && (kept < fewest || held < topP * total)) held += weight(descending[kept++]);
    count = kept;
  }
  const threshold = descending[count - 1];
  for (let id = 0; id < scores.length; id++) {
    scores[id] = scores[id] >= threshold ? scores[id] / temperature : -Infinity;
  }
}

/**
 * Draws a token.
 * @throws {Error} when every token is forbidden
 */
export function sample(scores: Float32Array, options: Warp, uniform: () => number): number {
  const warped = scores.slice();
  warp(warped, options);
  const max = warped[argmax(warped)];
  if (!(max > -Infinity)) throw new Error('no token may follow: all of them are forbidden');
  let total = 0;
  for (const score of warped) total += Math.exp(score - max);
  let rest = uniform() * total;
  let last = -1;
  for (let id = 0; id < warped.length; id++) {
    if (warped[id] === -Infinity) continue;
    last = id;
    rest -= Math.exp(warped[id] - max);
    if (rest < 0) break;
  }
  return last;
}
