/** A tokenization model: one pre-tokenized piece to vocabulary entries. */

import { TokenizerError } from '../errors.ts';
import { asString, type JsonObject } from '../json.ts';
import { createBpe } from './bpe.ts';
import { createUnigram } from './unigram.ts';
import { createWordLevel, createWordPiece } from './word.ts';

/** Vocabulary entry `id` stands for code units [start, end) of the piece. */
export interface PieceToken {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  readonly unkId: number | null;
  tokenize(piece: string): readonly PieceToken[];
}

/** Longer pieces are not remembered: they hardly come twice. */
const MAX_CACHED_LENGTH = 64;
const MAX_CACHED_PIECES = 20_000;

/** Builds the model of a tokenizer.json. @throws TokenizerError for a type that is not known */
export function createModel(config: JsonObject): TokenModel {
  return cached(build(config));
}

function build(config: JsonObject): TokenModel {
  // Old files have no type; the fields tell.
  const type = asString(config.type) ?? guessType(config);
  switch (type) {
    case 'BPE':
      return createBpe(config);
    case 'Unigram':
      return createUnigram(config);
    case 'WordPiece':
      return createWordPiece(config);
    case 'WordLevel':
      return createWordLevel(config);
    default:
      throw new TokenizerError(`the model "${type}" of tokenizer.json is not supported`);
  }
}

function guessType(config: JsonObject): string {
  if (Array.isArray(config.vocab)) return 'Unigram';
  if ('merges' in config) return 'BPE';
  return 'continuing_subword_prefix' in config ? 'WordPiece' : 'WordLevel';
}

/** Words repeat: most are looked up and not computed. Results are the same with and without. */
function cached(model: TokenModel): TokenModel {
  const known = new Map<string, readonly PieceToken[]>();
  return {
    vocab: model.vocab,
    unkId: model.unkId,
    tokenize(piece) {
      if (piece.length > MAX_CACHED_LENGTH) return model.tokenize(piece);
      let tokens = known.get(piece);
      if (tokens === undefined) {
        tokens = model.tokenize(piece);
        if (known.size >= MAX_CACHED_PIECES) known.clear();
        known.set(piece, tokens);
      }
      return tokens;
    },
  };
}

/** A vocabulary object {token: id} as a map. */
export function readVocab(vocab: unknown): Map<string, number> {
  const map = new Map<string, number>();
  if (typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab)) {
    for (const [token, id] of Object.entries(vocab)) if (Number.isSafeInteger(id)) map.set(token, Number(id));
  }
  if (map.size === 0) throw new TokenizerError('the vocabulary of the tokenizer is empty or no object {token: id}');
  return map;
}

/** Ids of the 256 tokens `<0x00>` .. `<0xFF>`, or null where the vocabulary lacks one. */
export function byteTokenIds(vocab: ReadonlyMap<string, number>): number[] | null {
  const ids: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return null;
    ids.push(id);
  }
  return ids;
}
