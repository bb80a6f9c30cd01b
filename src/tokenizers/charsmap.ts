/**
 * SentencePiece's precompiled normalization rules: a double-array trie from byte sequences to replacements.
 *
 * Layout: 4 bytes length of the trie, the trie as 32-bit units (Darts-clone), then the replacements as
 * zero-terminated UTF-8. https://github.com/google/sentencepiece/blob/master/src/normalizer.cc
 */

import type { Edit } from './aligned-text.ts';
import { TokenizerError } from './errors.ts';

/**
 * Which rule applies where several do. `longest`: SentencePiece's own, the longest match at each position.
 * `grapheme`: that of Hugging Face's fast tokenizers, which look up whole grapheme clusters and then characters.
 */
export type MatchRule = 'longest' | 'grapheme';

/** Clusters of as many bytes or more are looked up character by character. */
const GRAPHEME_BYTES = 6;

/** UTF-16 units that are segmented at a time; far more than any real grapheme cluster has. */
const WINDOW = 256;

export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #rule: MatchRule;
  readonly #encoder = new TextEncoder();
  // Without ignoreBOM a U+FEFF would decode to nothing.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

  constructor(bytes: Uint8Array, rule: MatchRule) {
    const size = bytes.byteLength < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (size === 0 || size % 4 !== 0 || 4 + size > bytes.byteLength) {
      throw new TokenizerError('the precompiled_charsmap of the tokenizer is damaged');
    }
    // Copies: 32-bit views need aligned memory, which Buffer.slice does not give.
    this.#units = new Uint32Array(Uint8Array.from(bytes.subarray(4, 4 + size)).buffer);
    this.#replacements = Uint8Array.from(bytes.subarray(4 + size));
    this.#rule = rule;
  }

  /** The edits that normalize `text`. */
  edits(text: string): Edit[] {
    const edits: Edit[] = [];
    if (this.#rule === 'longest') {
      for (let at = 0; at < text.length; ) at = this.#replaceLongest(text, at, edits);
      return edits;
    }
    if (isPlain(text)) {
      for (let at = 0; at < text.length; at++) this.#replace(text, at, at + 1, edits);
      return edits;
    }
    for (const [start, end] of this.#clusters(text)) {
      if (Buffer.byteLength(text.slice(start, end)) < GRAPHEME_BYTES && this.#replace(text, start, end, edits))
        continue;
      for (let at = start; at < end; ) at = this.#replaceCharacter(text, at, edits);
    }
    return edits;
  }

  /**
   * Grapheme clusters. Intl.Segmenter takes time proportional to the whole text for each of them, so it is given a
   * window at a time; what touches the window's end is looked at again with what follows.
   */
  *#clusters(text: string): Generator<[start: number, end: number]> {
    for (let from = 0; from < text.length; ) {
      const window = text.slice(from, from + WINDOW);
      const isLast = from + WINDOW >= text.length;
      let done = 0;
      for (const { segment } of this.#segmenter.segment(window)) {
        const end = done + segment.length;
        if (end === window.length && !isLast && done > 0) break;
        yield [from + done, from + end];
        done = end;
      }
      from += done;
    }
  }

  #replaceCharacter(text: string, at: number, edits: Edit[]): number {
    const end = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
    this.#replace(text, at, end, edits);
    return end;
  }

  /** The fast tokenizers take the shortest rule that begins a cluster, for the whole of it. */
  #replace(text: string, start: number, end: number, edits: Edit[]): boolean {
    const matches = this.#search(this.#encoder.encode(text.slice(start, end)));
    if (matches.length === 0) return false;
    edits.push({ start, end, text: this.#replacement(matches[0].value) });
    return true;
  }

  #replaceLongest(text: string, at: number, edits: Edit[]): number {
    const end = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
    // No rule is longer than a few characters; the longest of nmt_nfkc has 12 bytes.
    const bytes = this.#encoder.encode(text.slice(at, at + 16));
    const match = this.#search(bytes).at(-1);
    if (match === undefined) return end;
    const length = this.#decoder.decode(bytes.subarray(0, match.bytes)).length;
    edits.push({ start: at, end: at + length, text: this.#replacement(match.value) });
    return at + length;
  }

  /** Rules that are prefixes of `key`, the shortest first. */
  #search(key: Uint8Array): { value: number; bytes: number }[] {
    const units = this.#units;
    const matches: { value: number; bytes: number }[] = [];
    let node = offset(units[0]);
    for (let i = 0; i < key.length; i++) {
      node ^= key[i];
      const unit = units[node] ?? 0;
      if (key[i] === 0 || (unit & 0x800000ff) >>> 0 !== key[i]) break;
      node ^= offset(unit);
      if ((unit >>> 8) & 1) matches.push({ value: units[node] & 0x7fffffff, bytes: i + 1 });
    }
    return matches;
  }

  #replacement(at: number): string {
    const end = this.#replacements.indexOf(0, at);
    return this.#decoder.decode(this.#replacements.subarray(at, end < 0 ? undefined : end));
  }
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** ASCII without \r\n: every unit is a grapheme cluster. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || unit === 0x0d) return false;
  }
  return true;
}
