/**
 * Byte-pair encoding (Sennrich et al. 2016): the best-ranked pair of neighbours is merged until none is left.
 *
 * The library's BPE gives tokens without positions, compares pairs as JSON text and knows no prefix of continuing
 * subwords; this one keeps positions and takes n log n time for a piece of n characters.
 */

import { TokenizerError } from '../errors.ts';
import { asArray, asString, type JsonObject } from '../json.ts';
import { NumberHeap } from './number-heap.ts';
import type { PieceToken, TokenModel } from './token-model.ts';
import { byteTokens, readVocab } from './vocab.ts';

/** Merges by the pair of ids that they join. */
export class MergeTable {
  readonly #ranks = new Map<number, number>();
  readonly #results: number[] = [];

  /** @param result - id of the joined token; later merges rank lower, unless `rank` says where */
  add(left: number, right: number, result: number, rank = this.#results.length): void {
    const key = pairKey(left, right);
    if (!this.#ranks.has(key)) this.#ranks.set(key, rank);
    this.#results[rank] = result;
  }

  rank(left: number, right: number): number | undefined {
    return this.#ranks.get(pairKey(left, right));
  }

  result(rank: number): number {
    return this.#results[rank];
  }
}

/** Ids are below 2^26 in any vocabulary, so that a pair fits a double exactly. */
function pairKey(left: number, right: number): number {
  return left * 0x4000000 + right;
}

interface BpeOptions {
  readonly vocab: ReadonlyMap<string, number>;
  readonly merges: MergeTable;
  readonly unkId: number | null;
  readonly fuseUnk: boolean;
  /** Characters that are not in the vocabulary are spelled with byte tokens. */
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  readonly continuingPrefix: string;
  readonly endSuffix: string;
}

export function createBpe(config: JsonObject): TokenModel {
  const vocab = readVocab(config.vocab);
  const continuingPrefix = asString(config.continuing_subword_prefix) ?? '';
  const unkToken = asString(config.unk_token);
  return new Bpe({
    vocab,
    merges: readMerges(config.merges, vocab, continuingPrefix),
    unkId: unkToken === null ? null : (vocab.get(unkToken) ?? null),
    fuseUnk: config.fuse_unk === true,
    byteFallback: config.byte_fallback === true,
    ignoreMerges: config.ignore_merges === true,
    continuingPrefix,
    endSuffix: asString(config.end_of_word_suffix) ?? '',
  });
}

/** Merges are `"left right"` or `["left", "right"]`. */
function readMerges(merges: unknown, vocab: ReadonlyMap<string, number>, prefix: string): MergeTable {
  const table = new MergeTable();
  for (const merge of asArray(merges)) {
    const [left, right] = typeof merge === 'string' ? merge.split(' ') : asArray(merge).map(String);
    const joined = left + (prefix !== '' && right?.startsWith(prefix) ? right.slice(prefix.length) : right);
    const ids = [vocab.get(left), vocab.get(right), vocab.get(joined)];
    const [leftId, rightId, result] = ids;
    if (leftId === undefined || rightId === undefined || result === undefined) {
      throw new TokenizerError(`the merge ${JSON.stringify(merge)} has tokens that the vocabulary lacks`);
    }
    table.add(leftId, rightId, result);
  }
  return table;
}

/** Position and rank share one number in the queue. */
const POSITIONS = 2 ** 24;

export class Bpe implements TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  readonly unkId: number | null;
  readonly #options: BpeOptions;

  constructor(options: BpeOptions) {
    this.vocab = options.vocab;
    this.unkId = options.unkId;
    this.#options = options;
  }

  tokenize(piece: string): PieceToken[] {
    if (piece.length >= POSITIONS) throw new RangeError(`a piece of ${piece.length} characters is too long`);
    if (this.#options.ignoreMerges) {
      const id = this.vocab.get(piece);
      if (id !== undefined) return [{ id, start: 0, end: piece.length }];
    }
    const symbols = this.#symbols(piece);
    return symbols.length < 2 ? symbols : mergeSymbols(symbols, this.#options.merges);
  }

  /** One symbol per character, or several bytes for one that is not in the vocabulary. */
  #symbols(piece: string): PieceToken[] {
    const { vocab, byteFallback, unkId, fuseUnk, continuingPrefix, endSuffix } = this.#options;
    const symbols: PieceToken[] = [];
    // As in the Rust library an unknown token waits for the next known one, while bytes go past it.
    let unknown: PieceToken | null = null;
    let start = 0;
    for (const character of piece) {
      const end = start + character.length;
      const written = (start > 0 ? continuingPrefix : '') + character + (end === piece.length ? endSuffix : '');
      const id = vocab.get(written);
      const bytes = id === undefined && byteFallback ? byteTokens(written, vocab) : null;
      if (id !== undefined) {
        if (unknown !== null) symbols.push(unknown);
        unknown = null;
        symbols.push({ id, start, end });
      } else if (bytes !== null) {
        for (const byte of bytes) symbols.push({ id: byte, start, end });
      } else if (unkId !== null) {
        if (unknown !== null && !fuseUnk) symbols.push(unknown);
        unknown = { id: unkId, start: fuseUnk && unknown !== null ? unknown.start : start, end };
      }
      start = end;
    }
    if (unknown !== null) symbols.push(unknown);
    return symbols;
  }
}

function mergeSymbols(symbols: readonly PieceToken[], merges: MergeTable): PieceToken[] {
  const count = symbols.length;
  const ids = Int32Array.from(symbols, ({ id }) => id);
  const ends = Int32Array.from(symbols, ({ end }) => end);
  const next = Int32Array.from(symbols, (_, i) => i + 1);
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  const queue = new NumberHeap();
  const offer = (at: number): void => {
    if (at < 0 || next[at] >= count) return;
    const rank = merges.rank(ids[at], ids[next[at]]);
    if (rank !== undefined) queue.push(rank * POSITIONS + at);
  };
  for (let i = 0; i < count; i++) offer(i);
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const rank = Math.floor(top / POSITIONS);
    const at = top - rank * POSITIONS;
    // Stale where one of the two has been merged with another since.
    if (ids[at] < 0 || next[at] >= count || merges.rank(ids[at], ids[next[at]]) !== rank) continue;
    const eaten = next[at];
    ids[at] = merges.result(rank);
    ends[at] = ends[eaten];
    ids[eaten] = -1;
    next[at] = next[eaten];
    if (next[at] < count) previous[next[at]] = at;
    offer(previous[at]);
    offer(at);
  }
  const tokens: PieceToken[] = [];
  for (let at = 0; at < count; at = next[at]) tokens.push({ id: ids[at], start: symbols[at].start, end: ends[at] });
  return tokens;
}
