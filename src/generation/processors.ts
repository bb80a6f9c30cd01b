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
    const before = word.length - 1;
    if (before > ids.length) continue;
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

/** Draws a token: temperature, then top-k, then top-p (Holtzman et al. 2019), as transformers orders them. */
export function sample(
  scores: Float32Array,
  options: Pick<GenerationOptions, 'temperature' | 'topK' | 'topP'>,
  uniform: () => number,
): number {
  const order = Array.from(scores.keys())
    .filter((id) => scores[id] > -Infinity)
    .sort((a, b) => scores[b] - scores[a] || a - b);
  let kept = options.topK > 0 ? order.slice(0, options.topK) : order;
  const best = scores[kept[0]];
  let weights = kept.map((id) => Math.exp((scores[id] - best) / options.temperature));
  if (options.topP < 1) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let before = 0;
    // A token stays while those before it hold less than top_p.
    const count = weights.findIndex((weight) => {
      const out = before >= options.topP * total;
      before += weight;
      return out;
    });
    if (count > 0) {
      kept = kept.slice(0, count);
      weights = weights.slice(0, count);
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = uniform() * total;
  for (let i = 0; i < kept.length; i++) {
    rest -= weights[i];
    if (rest < 0) return kept[i];
  }
  return kept[kept.length - 1];
}
