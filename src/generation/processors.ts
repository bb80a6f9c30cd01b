/** Rules on the scores of the next token, in the order in which transformers applies them. They change `scores`. */

import type { GenerationOptions } from './options.ts';

/** Where a sequence stands. */
export interface Position {
  /** Prompt and generation so far. */
  ids: readonly number[];
  promptLength: number;
  /** Longest allowed sequence, prompt included. */
  maxLength: number;
}

/** Applies every rule that is on. `scores`: logits, or log-probabilities of a beam, [vocab]. */
export function applyRules(scores: Float32Array, position: Position, options: GenerationOptions): void {
  const { ids, promptLength, maxLength } = position;
  if (options.repetitionPenalty !== 1) penalizeRepetition(scores, ids, options.repetitionPenalty);
  if (options.noRepeatNgramSize > 0) forbidRepeatedNgrams(scores, ids, options.noRepeatNgramSize);
  forbidBadWords(scores, ids, options.badWordsIds, options.eosIds);
  if (ids.length - promptLength < options.minNewTokens) forbid(scores, options.eosIds);
  if (options.forcedBosId !== null && ids.length === 1) force(scores, options.forcedBosId);
  if (options.forcedEosId !== null && ids.length === maxLength - 1) force(scores, options.forcedEosId);
  forbid(scores, options.suppressTokens);
}

/** Keskar et al. 2019, section 4.1 (arXiv:1909.05858): scores of seen tokens are scaled towards unlikely. */
function penalizeRepetition(scores: Float32Array, ids: readonly number[], penalty: number): void {
  for (const id of new Set(ids)) scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
}

function forbidRepeatedNgrams(scores: Float32Array, ids: readonly number[], size: number): void {
  const start = ids.length - size + 1;
  if (start < 0) return;
  for (let i = 0; i + size <= ids.length; i++) {
    let same = true;
    for (let k = 0; k < size - 1 && same; k++) same = ids[i + k] === ids[start + k];
    if (same) scores[ids[i + size - 1]] = -Infinity;
  }
}

function forbidBadWords(
  scores: Float32Array,
  ids: readonly number[],
  words: readonly (readonly number[])[],
  eosIds: readonly number[],
): void {
  for (const word of words) {
    const last = word.at(-1);
    if (last === undefined || (word.length === 1 && eosIds.includes(last))) continue;
    // Words of several tokens are looked at once the text is as long, as in transformers.
    const before = word.length - 1;
    if (before > 0 && word.length > ids.length) continue;
    if (word.slice(0, before).every((id, k) => id === ids[ids.length - before + k])) scores[last] = -Infinity;
  }
}

function forbid(scores: Float32Array, ids: readonly number[]): void {
  for (const id of ids) scores[id] = -Infinity;
}

function force(scores: Float32Array, id: number): void {
  scores.fill(-Infinity);
  scores[id] = 0;
}

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
