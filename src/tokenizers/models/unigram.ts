/**
 * Unigram language model (Kudo 2018): the segmentation with the highest sum of log probabilities.
 *
 * The library's version makes a lattice of objects, fuses unknown characters across pieces and knows no byte fallback.
 */

import { TokenizerError } from '../errors.ts';
import { asArray, asNumber, asString, type JsonObject } from '../json.ts';
import { PrefixIndex } from '../prefix-index.ts';
import type { PieceToken, TokenModel } from './token-model.ts';
import { byteTokens } from './vocab.ts';

/** Log probability of an unknown character, below that of the least probable token. */
const UNK_PENALTY = 10;

export function createUnigram(config: JsonObject): TokenModel {
  const entries = asArray(config.vocab).map(readEntry);
  if (entries.length === 0) throw new TokenizerError('the vocabulary of the Unigram model is empty');
  const unkId = asNumber(config.unk_id);
  return new Unigram(entries, unkId, config.byte_fallback === true);
}

function readEntry(entry: unknown, index: number): [string, number] {
  const [token, score] = asArray(entry);
  const text = asString(token);
  const number = asNumber(score);
  if (text === null || number === null) throw new TokenizerError(`entry ${index} of the Unigram vocabulary is damaged`);
  return [text, number];
}

export class Unigram implements TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  readonly tokens: readonly string[];
  readonly unkId: number | null;
  readonly #scores: Float64Array;
  readonly #unkScore: number;
  readonly #index: PrefixIndex;
  readonly #byteFallback: boolean;
  readonly #reserved: ReadonlySet<number>;

  /**
   * @param entries - tokens and their log probabilities, by id
   * @param reserved - ids that text never matches: control pieces of SentencePiece
   */
  constructor(
    entries: readonly (readonly [string, number])[],
    unkId: number | null,
    byteFallback: boolean,
    reserved: ReadonlySet<number> = new Set(),
  ) {
    this.vocab = new Map(entries.map(([token], id) => [token, id]));
    this.tokens = entries.map(([token]) => token);
    this.unkId = unkId;
    this.#reserved = reserved;
    this.#scores = Float64Array.from(entries, ([, score]) => score);
    this.#unkScore = this.#scores.reduce((least, score) => Math.min(least, score), Infinity) - UNK_PENALTY;
    this.#index = new PrefixIndex([...this.vocab].flatMap(([token, id]) => (reserved.has(id) ? [] : [token])));
    this.#byteFallback = byteFallback;
  }

  tokenize(piece: string): PieceToken[] {
    const length = piece.length;
    // Best way to each position: its score, where its last token starts and which it is (-1: unknown character).
    const best = new Float64Array(length + 1).fill(-Infinity);
    const from = new Int32Array(length + 1);
    const lastId = new Int32Array(length + 1);
    best[0] = 0;
    const offer = (start: number, end: number, score: number, id: number): void => {
      if (score <= best[end]) return;
      best[end] = score;
      from[end] = start;
      lastId[end] = id;
    };
    for (let start = 0; start < length; ) {
      const character = start + (piece.codePointAt(start)! > 0xffff ? 2 : 1);
      let covered = false;
      this.#index.search(piece, start, (token) => {
        const id = this.vocab.get(token)!;
        const end = start + token.length;
        offer(start, end, best[start] + this.#scores[id], id);
        covered ||= end === character;
      });
      if (!covered) offer(start, character, best[start] + this.#unkScore, -1);
      start = character;
    }
    const tokens: PieceToken[] = [];
    for (let end = length; end > 0; end = from[end]) tokens.push({ id: lastId[end], start: from[end], end });
    return this.#spellUnknown(piece, tokens.reverse());
  }

  /** A run of unknown characters becomes its bytes, or one unknown token. */
  #spellUnknown(piece: string, tokens: readonly PieceToken[]): PieceToken[] {
    const spelled: PieceToken[] = [];
    for (let at = 0; at < tokens.length; at++) {
      const isUnknown = (index: number): boolean => tokens[index]?.id === -1 || tokens[index]?.id === this.unkId;
      const first = at;
      if (isUnknown(first)) while (isUnknown(at + 1)) at++;
      if (isUnknown(first)) spelled.push(...this.#spell(piece, tokens.slice(first, at + 1)));
      else spelled.push(tokens[first]);
    }
    return spelled;
  }

  #spell(piece: string, run: readonly PieceToken[]): PieceToken[] {
    const start = run[0].start;
    const end = run[run.length - 1].end;
    const text = piece.slice(start, end);
    // The run may be a token after all: the text of the unknown token itself.
    const known = this.vocab.get(text);
    if (known !== undefined && !this.#reserved.has(known)) return [{ id: known, start, end }];
    if (this.#byteFallback && byteTokens(text, this.vocab) !== null) {
      return run.flatMap(({ start, end }) =>
        (byteTokens(piece.slice(start, end), this.vocab) ?? []).map((id) => ({ id, start, end })),
      );
    }
    if (this.unkId === null) {
      throw new TokenizerError('the text has characters that the model does not know, and it has no unknown token');
    }
    return [{ id: this.unkId, start, end }];
  }
}
