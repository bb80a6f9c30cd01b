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
  /** Counts only where it is no part of a longer word. */
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

const IS_WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
const IS_SPACE = /\p{White_Space}/u;

export class AddedTokenSplitter {
  readonly #raw: Matcher;
  readonly #normalized: Matcher;
  readonly #normalize: Normalizer;

  constructor(tokens: readonly AddedToken[], normalize: Normalizer) {
    this.#raw = new Matcher(tokens.filter(({ normalized }) => !normalized).map((token) => [token.content, token]));
    this.#normalized = new Matcher(
      tokens
        .filter(({ normalized }) => normalized)
        .map((token) => [normalize(AlignedText.of(token.content)).text, token]),
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
  readonly #tokens: Map<string, AddedToken>;
  readonly #index: PrefixIndex;

  constructor(entries: [string, AddedToken][]) {
    this.#tokens = new Map(entries);
    this.#index = new PrefixIndex(this.#tokens.keys());
  }

  /** Splits at the leftmost, longest tokens. */
  split(text: AlignedText): Section[] {
    if (this.#tokens.size === 0) return [{ text, token: null }];
    const sections: Section[] = [];
    const raw = text.text;
    let from = 0;
    for (let at = 0; at < raw.length; ) {
      const content = this.#index.longest(raw, at);
      const token = content === null ? undefined : this.#tokens.get(content);
      let start = at;
      let end = at + (content?.length ?? 1);
      if (token === undefined || (token.singleWord && !standsAlone(raw, start, end))) {
        at++;
        continue;
      }
      if (token.lstrip) while (start > from && IS_SPACE.test(raw[start - 1])) start--;
      if (token.rstrip) while (end < raw.length && IS_SPACE.test(raw[end])) end++;
      if (start > from) sections.push({ text: text.slice(from, start), token: null });
      sections.push({ text: text.slice(start, end), token });
      from = end;
      at = end;
    }
    if (from < raw.length) sections.push({ text: text.slice(from, raw.length), token: null });
    return sections;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  const before = start === 0 ? '' : text[start - 1];
  const after = end === text.length ? '' : text[end];
  return !IS_WORD.test(before) && !IS_WORD.test(after);
}
