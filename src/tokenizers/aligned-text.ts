/**
 * A piece of text that has been rewritten, and where each of its characters came from.
 *
 * Normalizers and pre-tokenizers rewrite text; every rewriting is a list of edits, so that the characters of the
 * original which a token covers are known in the end. Positions are UTF-16 code units.
 */

import { TokenizerLimitError } from './errors.ts';

/** Code units that a text may grow to: normalizers come with checkpoints, and may double it many times over. */
const MAX_LENGTH = 2 ** 25;

/** Replaces [start, end) of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export class AlignedText {
  readonly text: string;
  /** For each code unit of `text` the range of the original that it stands for; null: `origin` + its index. */
  readonly #starts: Int32Array | null;
  readonly #ends: Int32Array | null;
  readonly #origin: number;

  private constructor(text: string, origin: number, starts: Int32Array | null, ends: Int32Array | null) {
    this.text = text;
    this.#origin = origin;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Text as it was given; `origin` is the position of its first unit. */
  static of(text: string, origin = 0): AlignedText {
    return new AlignedText(text, origin, null, null);
  }

  /** Range of the original that units [from, to) stand for; `to` > `from`. */
  range(from: number, to: number): [start: number, end: number] {
    return [this.#start(from), this.#end(to - 1)];
  }

  /** Position in the original where the text begins. */
  get start(): number {
    return this.text.length === 0 ? this.#origin : this.#start(0);
  }

  slice(from: number, to: number): AlignedText {
    if (from === 0 && to === this.text.length) return this;
    const text = this.text.slice(from, to);
    if (this.#starts === null || this.#ends === null) return new AlignedText(text, this.#origin + from, null, null);
    return new AlignedText(text, this.#start(from), this.#starts.subarray(from, to), this.#ends.subarray(from, to));
  }

  /** Applies edits, which must be in order and must not overlap. */
  edit(edits: readonly Edit[]): AlignedText {
    if (edits.length === 0) return this;
    let length = this.text.length;
    for (const { start, end, text } of edits) length += text.length - (end - start);
    if (length > MAX_LENGTH) {
      throw new TokenizerLimitError(
        `the tokenizer's normalizer makes a text of ${length} characters; the limit is ${MAX_LENGTH}`,
      );
    }
    const starts = new Int32Array(length);
    const ends = new Int32Array(length);
    const parts: string[] = [];
    let from = 0;
    let at = 0;
    const keep = (to: number): void => {
      parts.push(this.text.slice(from, to));
      for (let i = from; i < to; i++, at++) {
        starts[at] = this.#start(i);
        ends[at] = this.#end(i);
      }
      from = to;
    };
    for (const { start, end, text } of edits) {
      keep(start);
      parts.push(text);
      // What is inserted covers nothing: the empty range before the character that follows it.
      const first = start < this.text.length ? this.#start(start) : this.#endOfText();
      const last = end > start ? this.#end(end - 1) : first;
      starts.fill(first, at, at + text.length);
      ends.fill(last, at, at + text.length);
      at += text.length;
      from = end;
    }
    keep(this.text.length);
    return new AlignedText(parts.join(''), this.#origin, starts, ends);
  }

  /**
   * Replaces every character by one or more others, as byte-level encodings do.
   * @param sizes - code units of `text` that stand for each code unit of the old text (0: part of the one before)
   */
  expand(text: string, sizes: Uint8Array): AlignedText {
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    let at = 0;
    for (let i = 0; i < sizes.length; i++) {
      if (sizes[i] === 0) continue;
      const last = i + 1 < sizes.length && sizes[i + 1] === 0 ? i + 1 : i;
      starts.fill(this.#start(i), at, at + sizes[i]);
      ends.fill(this.#end(last), at, at + sizes[i]);
      at += sizes[i];
    }
    return new AlignedText(text, this.#origin, starts, ends);
  }

  #start(index: number): number {
    return this.#starts === null ? this.#origin + index : this.#starts[index];
  }

  #end(index: number): number {
    return this.#ends === null ? this.#origin + index + 1 : this.#ends[index];
  }

  #endOfText(): number {
    return this.text.length === 0 ? this.#origin : this.#end(this.text.length - 1);
  }
}
