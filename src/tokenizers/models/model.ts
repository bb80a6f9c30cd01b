/** Builds the tokenization model of a tokenizer.json. */

import { TokenizerError } from '../errors.ts';
import { asString, type JsonObject } from '../json.ts';
import { createBpe } from './bpe.ts';
import type { PieceToken, TokenModel } from './token-model.ts';
import { createUnigram } from './unigram.ts';
import { createWordLevel, createWordPiece } from './word.ts';

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
    tokens: model.tokens,
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
