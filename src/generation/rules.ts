/** Rules on the scores of the next token, in the order in which transformers applies them. They change `scores`. */

import type { GenerationOptions } from './options.ts';

/** Where a sequence stands. */
export interface Position {
  /** Prompt and generation so far. */
  ids: readonly number[];
  promptLength: number;
  /** Longest allowed sequence, prompt included. */
  maxLength: number;
  /** Ids of the source; of decoder-only models, of the prompt. */
  encoderIds: ArrayLike<number>;
}

/** Applies every rule that is on. `scores`: logits, or log-probabilities of a beam, [vocab]. */
export function applyRules(scores: Float32Array, position: Position, options: GenerationOptions): void {
  const { ids, promptLength, maxLength, encoderIds } = position;
  const { eosIds } = options;
  const added = ids.length - promptLength;
  addBias(scores, ids, options.sequenceBias);
  scale(scores, encoderIds, 1 / options.encoderRepetitionPenalty);
  scale(scores, ids, options.repetitionPenalty);
  forbidNgrams(scores, ids, ids, options.noRepeatNgramSize);
  forbidNgrams(scores, ids, encoderIds, options.encoderNoRepeatNgramSize);
  forbidBadWords(scores, ids, options.badWordsIds, eosIds);
  if (added < options.minNewTokens || ids.length < options.minLength) forbid(scores, eosIds);
  if (options.forcedBosIds.length > 0 && ids.length === 1) force(scores, options.forcedBosIds);
  if (options.forcedEosIds.length > 0 && ids.length === maxLength - 1) force(scores, options.forcedEosIds);
  if (options.exponentialDecay !== null) hurry(scores, eosIds, added, options.exponentialDecay);
  forbid(scores, options.suppressTokens);
  const behindForced = promptLength === 1 && options.forcedBosIds.length > 0;
  if (added === (behindForced ? 1 : 0)) forbid(scores, options.beginSuppressTokens);
}

/** Keskar et al. 2019, section 4.1 (arXiv:1909.05858): scores of the tokens are scaled towards unlikely. */
function scale(scores: Float32Array, ids: ArrayLike<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const id of new Set(Array.from(ids))) scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
}

/** Forbids what would complete an n-gram of `text`. */
function forbidNgrams(scores: Float32Array, ids: readonly number[], text: ArrayLike<number>, size: number): void {
  const start = ids.length - size + 1;
  if (size === 0 || start < 0) return;
  for (let i = 0; i + size <= text.length; i++) {
    let same = true;
    for (let k = 0; k < size - 1 && same; k++) same = text[i + k] === ids[start + k];
    if (same) scores[text[i + size - 1]] = -Infinity;
  }
}

/** Whether `ids` end with `sequence` but for its last token. */
function isBegun(ids: readonly number[], sequence: readonly number[]): boolean {
  const before = sequence.length - 1;
  return before <= ids.length && sequence.slice(0, before).every((id, k) => id === ids[ids.length - before + k]);
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
    if (isBegun(ids, word)) scores[last] = -Infinity;
  }
}

function addBias(scores: Float32Array, ids: readonly number[], biases: GenerationOptions['sequenceBias']): void {
  for (const [sequence, bias] of biases) {
    const last = sequence.at(-1);
    if (last !== undefined && isBegun(ids, sequence)) scores[last] += bias;
  }
}

/** Raises the end of the sequence by its own size, times a factor that grows with each token after the first ones. */
function hurry(
  scores: Float32Array,
  eosIds: readonly number[],
  added: number,
  [start, factor]: readonly [number, number],
): void {
  if (added <= start) return;
  for (const id of eosIds) scores[id] += Math.abs(scores[id]) * (factor ** (added - start) - 1);
}

function forbid(scores: Float32Array, ids: readonly number[]): void {
  for (const id of ids) scores[id] = -Infinity;
}

function force(scores: Float32Array, ids: readonly number[]): void {
  scores.fill(-Infinity);
  for (const id of ids) scores[id] = 0;
}
