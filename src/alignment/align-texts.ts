/** Pairs of tokens of two texts whose words mean the same, by the embeddings of an aligner. */

import { AttributionError } from '../attribution/errors.ts';
import type { Token } from '../attribution/scores.ts';
import type { Pair } from '../attribution/step-functions/parts/align-contrast.ts';
import type { Aligner } from './bert.ts';

/** A piece of text by its character offsets. */
export interface Span {
  start: number;
  end: number;
}

/**
 * Pairs of pieces that find each other: the softmax of their embeddings' dot products is above the threshold in both
 * directions (Dou and Neubig 2021, arXiv:2101.08231).
 * @param a - [rows, size], row-major
 * @param b - [rows, size], row-major
 * @param size - length of an embedding
 */
export function mutualAlignment(a: Float32Array, b: Float32Array, size: number, threshold = 1e-3): Pair[] {
  const rows = a.length / size;
  const columns = b.length / size;
  const products = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[i * size + k] * b[j * size + k];
      products[i * columns + j] = sum;
    }
  }
  const byRow = softmaxNorms(products, rows, columns, columns, 1);
  const byColumn = softmaxNorms(products, columns, rows, 1, columns);
  const pairs: Pair[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = products[i * columns + j];
      if (Math.exp(value - byRow[i]) > threshold && Math.exp(value - byColumn[j]) > threshold) pairs.push([i, j]);
    }
  }
  return pairs;
}

/** Logarithm of the sum of exponentials of each of `count` lines of `length` values. */
function softmaxNorms(values: Float64Array, count: number, length: number, step: number, stride: number): Float64Array {
  const norms = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < length; j++) max = Math.max(max, values[i * step + j * stride]);
    let sum = 0;
    for (let j = 0; j < length; j++) sum += Math.exp(values[i * step + j * stride] - max);
    norms[i] = max + Math.log(sum);
  }
  return norms;
}

const WORDS = /[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]+/gu;

/** Words and runs of punctuation of a text, as an aligner takes them. */
export function alignerWords(text: string): Span[] {
  return Array.from(text.matchAll(WORDS), ({ 0: word, index }) => ({ start: index, end: index + word.length }));
}

/** Pairs of words from pairs of their pieces, sorted. `wordsOf[side][piece]` is the word that a piece belongs to. */
export function wordPairs(pieces: readonly Pair[], wordsOf: readonly [number[], number[]]): Pair[] {
  const words = new Map<string, Pair>();
  for (const [i, j] of pieces) {
    const pair: Pair = [wordsOf[0][i], wordsOf[1][j]];
    words.set(pair.join(), pair);
  }
  return [...words.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** Pairs of words of two texts that mean the same, by the aligner's hidden states. `words`: of each text. */
export async function alignWords(aligner: Aligner, words: readonly [string[], string[]]): Promise<Pair[]> {
  const embed = async (list: readonly string[]) => {
    const pieces = list.map((word) => aligner.pieces(word));
    const all = pieces.flat();
    if (all.length > aligner.maxPieces) {
      throw new AttributionError(
        'invalid_contrast',
        `"auto" aligns texts of up to ${aligner.maxPieces} word pieces, and one has ${all.length}; ` +
          'give pairs of positions',
        '/contrast_targets_alignments',
      );
    }
    const states = all.length === 0 ? new Float32Array() : await aligner.hiddenStates(all);
    return { states, wordOf: pieces.flatMap((ids, word) => ids.map(() => word)) };
  };
  const [a, b] = [await embed(words[0]), await embed(words[1])];
  return wordPairs(mutualAlignment(a.states, b.states, aligner.hiddenSize), [a.wordOf, b.wordOf]);
}

/** Pairs of model tokens of two texts whose words mean the same. */
export async function alignTexts(
  aligner: Aligner,
  texts: readonly [string, string],
  tokens: readonly [Token[], Token[]],
): Promise<Pair[]> {
  const words: [Span[], Span[]] = [alignerWords(texts[0]), alignerWords(texts[1])];
  const [a, b] = texts.map((text, side) => words[side].map(({ start, end }) => text.slice(start, end)));
  return tokenPairs(await alignWords(aligner, [a, b]), words, tokens);
}

/**
 * Pairs of model tokens from pairs of words: the tokens of the one with those of the other. Special tokens are paired
 * in their order, where both texts have as many.
 */
export function tokenPairs(
  pairs: readonly Pair[],
  words: readonly [Span[], Span[]],
  tokens: readonly [Token[], Token[]],
): Pair[] {
  const [a, b] = [0, 1].map((side) => tokensByWord(words[side], tokens[side]));
  const aligned = pairs.flatMap(([i, j]) => a[i].flatMap((x) => b[j].map((y): Pair => [x, y])));
  const [specialA, specialB] = tokens.map((list) => list.flatMap((token, at) => (token.start === null ? [at] : [])));
  if (specialA.length === specialB.length) specialA.forEach((at, i) => void aligned.push([at, specialB[i]]));
  return aligned.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
}

/** Positions of each word's tokens: those that share a character with it, and spaces before it that are tokens. */
function tokensByWord(words: readonly Span[], tokens: readonly Token[]): number[][] {
  const positions = words.map((): number[] => []);
  tokens.forEach(({ start, end }, at) => {
    if (start === null || end === null) return;
    const shared = words.flatMap((word, index) => (start < word.end && end > word.start ? [index] : []));
    const next = words.findIndex((word) => word.start >= end);
    for (const index of shared.length > 0 || next < 0 ? shared : [next]) positions[index].push(at);
  });
  return positions;
}
