/** Tokenization models out of SentencePiece models. */

import type { SentencePieceModel } from '../sentencepiece.ts';
import { Bpe, MergeTable } from './bpe.ts';
import type { PieceToken, TokenModel } from './token-model.ts';
import { Unigram } from './unigram.ts';

/** A model whose ids are SentencePiece's own. */
export function fromSentencePiece({ pieces, type, byteFallback }: SentencePieceModel): TokenModel {
  const unkId = pieces.findIndex(({ kind }) => kind === 'unknown');
  const unk = unkId < 0 ? null : unkId;
  if (type === 'unigram') {
    const reserved = new Set(
      pieces.flatMap(({ kind }, id) => (kind === 'normal' || kind === 'user-defined' ? [] : [id])),
    );
    return new Unigram(
      pieces.map(({ text, score }) => [text, score]),
      unk,
      byteFallback,
      reserved,
    );
  }
  const matchable = new Map(pieces.flatMap(({ text, kind }, id) => (kind === 'control' ? [] : [[text, id] as const])));
  return new Bpe({
    vocab: matchable,
    merges: mergesByScore(pieces, matchable),
    unkId: unk,
    fuseUnk: true,
    byteFallback,
    ignoreMerges: false,
    continuingPrefix: '',
    endSuffix: '',
  });
}

/** SentencePiece stores no merges: two neighbours merge into any piece that they spell, the best-scored first. */
function mergesByScore(pieces: SentencePieceModel['pieces'], vocab: ReadonlyMap<string, number>): MergeTable {
  const table = new MergeTable();
  const order = pieces
    .map(({ score, kind }, id) => ({ id, score, kind }))
    .filter(({ kind }) => kind === 'normal')
    .sort((a, b) => b.score - a.score);
  for (const [rank, { id }] of order.entries()) {
    const { text } = pieces[id];
    for (let at = 1; at < text.length; at++) {
      const left = vocab.get(text.slice(0, at));
      const right = vocab.get(text.slice(at));
      if (left !== undefined && right !== undefined) table.add(left, right, id, rank);
    }
  }
  return table;
}

/**
 * The same model with the ids of another vocabulary; pieces that it lacks become unknown, each on its own.
 * This is what Marian and M2M100 do, whose vocab.json covers both languages.
 */
export function withVocab(model: TokenModel, vocab: ReadonlyMap<string, number>, unkId: number): TokenModel {
  const ids = new Map([...model.vocab].map(([token, id]) => [id, vocab.get(token) ?? unkId]));
  return {
    vocab,
    unkId,
    tokenize(piece) {
      return model.tokenize(piece).map(({ id, start, end }): PieceToken => ({ id: ids.get(id) ?? unkId, start, end }));
    },
  };
}
