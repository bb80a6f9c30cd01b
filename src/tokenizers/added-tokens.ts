/** Tokens that are found in the text before the model sees it: special tokens, language codes, chat marks. */

import { AlignedText } from './aligned-text.ts';
import { asNumber, asObjects, asString, type JsonObject } from './json.ts';
import type { Normalizer } from './normalizers.ts';
import { PrefixIndex } from './prefix-index.ts';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Is looked for in the normalized text. */
  readonly normalized: boolean;
  /** Takes the white space on its left (right) with it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Counts only where it is not part of a longer word. */
  readonly singleWord: boolean;
}

export function readAddedToken(config: JsonObject, id: number | null = asNumber(config.id)): AddedToken | null {
  const content = asString(config.content);
  if (content === null || content === '' || id === null) return null;
  const special = config.special === true;
  return {
    id,
    content,
    special,
    normalized: typeof config.normalized === 'boolean' ? config.normalized : !special,
    lstrip: config.lstrip === true,
    rstrip: config.rstrip === true,
    singleWord: config.single_word === true,
  };
}

/** The list `added_tokens` of a tokenizer.json. */
export function readAddedTokens(list: unknown): AddedToken[] {
  return asObjects(list).flatMap((config) => readAddedToken(config) ?? []);
}

/** A stretch of text, or an added token with the characters that it covers. */
export type Section =
  | { readonly text: AlignedText; readonly token: null }
  | { readonly text: AlignedText; readonly token: AddedToken };

/** A character of a word, as `\w` of Rust's regular expressions. */
const STARTS_WITH_WORD = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const IS_SPACE = /\p{White_Space}/u;

/** How an added token is written in the text that the model sees, and so where it is decoded and shown. */
export function writtenForm(token: AddedToken, normalize: Normalizer): string {
  return token.normalized ? normalize(AlignedText.of(token.content)).text : token.content;
}

export class AddedTokenSplitter {
  readonly #raw: Matcher;
  readonly #normalized: Matcher;
  readonly #normalize: Normalizer;

  constructor(tokens: readonly AddedToken[], normalize: Normalizer) {
    this.#raw = new Matcher(tokens.filter(({ normalized }) => !normalized).map((token) => [token.content, token]));
    this.#normalized = new Matcher(
      tokens.filter(({ normalized }) => normalized).map((token) => [writtenForm(token, normalize), token]),
    );
    this.#normalize = normalize;
  }

  /** Sections of a text, those without a token normalized. */
  split(text: string): Section[] {
    return this.#raw
      .split(AlignedText.of(text))
      .flatMap((section) =>
        section.token === null ? this.#normalized.split(this.#normalize(section.text)) : [section],
      )
      .filter(({ text: { text } }) => text !== '');
  }
}

class Matcher {
  readonly #tokens = new Map<string, AddedToken>();
  readonly #index: PrefixIndex;

  /** Of several tokens that are written alike the first one counts. */
  constructor(entries: [string, AddedToken][]) {
    for (const [written, token] of entries) if (!this.#tokens.has(written)) this.#tokens.set(written, token);
    this.#index = new PrefixIndex(this.#tokens.keys());
  }

  /**
   * Splits at the leftmost, longest tokens. As in the Rust library they are found first, and only then does a token
   * take the white space beside it, so that two tokens may cover the same spaces.
   */
  split(text: AlignedText): Section[] {
    if (this.#tokens.size === 0) return [{ text, token: null }];
    const sections: Section[] = [];
    const raw = text.text;
    let from = 0;
    for (const found of this.#find(raw)) {
      const { token } = found;
      let { start, end } = found;
      if (token.singleWord && !standsAlone(raw, start, end)) continue;
      if (token.lstrip) {
        while (start > 0 && IS_SPACE.test(raw[start - 1])) start--;
        start = Math.max(start, from);
      }
      if (token.rstrip) while (end < raw.length && IS_SPACE.test(raw[end])) end++;
      if (start > from) sections.push({ text: text.slice(from, start), token: null });
      if (end > start) sections.push({ text: text.slice(start, end), token });
      from = end;
    }
    if (from < raw.length) sections.push({ text: text.slice(from, raw.length), token: null });
    return sections;
  }

  *#find(text: string): Generator<{ token: AddedToken; start: number; end: number }> {
    for (let at = 0; at < text.length; ) {
      const written = this.#index.longest(text, at);
      const token = written === null ? undefined : this.#tokens.get(written);
      const end = at + (written?.length ?? 1);
      if (token !== undefined) yield { token, start: at, end };
      at = end;
    }
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  const isPair = start > 1 && text.codePointAt(start - 2)! > 0xffff;
  const before = text.slice(start - (isPair ? 2 : 1), start);
  return !STARTS_WITH_WORD.test(before) && !STARTS_WITH_WORD.test(text.slice(end, end + 2));
}
