/** Models that take whole words: WordLevel, and WordPiece (Wu et al. 2016; greedy, the longest prefix first). */

import { TokenizerError } from '../errors.ts';
import { asNumber, asString, type JsonObject } from '../json.ts';
import type { PieceToken, TokenModel } from './token-model.ts';
import { readVocab } from './vocab.ts';

export function createWordLevel(config: JsonObject): TokenModel {
  const vocab = readVocab(config.vocab);
  const unkId = vocab.get(asString(config.unk_token) ?? '') ?? null;
  return {
    vocab,
    unkId,
    tokenize(piece) {
      const id = vocab.get(piece) ?? unkId;
      if (id === null) throw new TokenizerError(`"${piece}" is not in the vocabulary, and it has no unknown token`);
      return [{ id, start: 0, end: piece.length }];
    },
  };
}

export function createWordPiece(config: JsonObject): TokenModel {
  const vocab = readVocab(config.vocab);
  const unkToken = asString(config.unk_token) ?? '[UNK]';
  const unkId = vocab.get(unkToken);
  if (unkId === undefined) throw new TokenizerError(`the unknown token "${unkToken}" is not in the vocabulary`);
  const prefix = asString(config.continuing_subword_prefix) ?? '##';
  const maxCharacters = asNumber(config.max_input_chars_per_word) ?? 100;
  return {
    vocab,
    unkId,
    tokenize(piece) {
      const unknown = [{ id: unkId, start: 0, end: piece.length }];
      // The search is quadratic in the length of a word, which this limit bounds.
      if (piece.length > 2 * maxCharacters || [...piece].length > maxCharacters) return unknown;
      return longestFirst(piece, vocab, prefix) ?? unknown;
    },
  };
}

function longestFirst(piece: string, vocab: ReadonlyMap<string, number>, prefix: string): PieceToken[] | null {
  const tokens: PieceToken[] = [];
  for (let start = 0; start < piece.length; ) {
    let end = piece.length;
    let id: number | undefined;
    for (; end > start; end--) {
      id = vocab.get((start > 0 ? prefix : '') + piece.slice(start, end));
      if (id !== undefined) break;
    }
    if (id === undefined) return null;
    tokens.push({ id, start, end });
    start = end;
  }
  return tokens;
}
