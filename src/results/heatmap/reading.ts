/** The text of a sequence as a page shows it: generated tokens are buttons that color the others by what they were for it. */

import type { ResultSequence, ResultToken } from '../../contract/result.ts';
import type { Readers } from './groups.ts';
import { FORCED } from './table.ts';
import { escapeHtml, type Shown, tokenReader } from './tokens.ts';

type Read = (token: string) => Shown;

/** A reader for the tokens of one side. */
export const readerOf = (tokens: readonly ResultToken[]): Read => tokenReader(tokens.map(({ token }) => token));

/** Tokens in their order, spaces as in the text: vocabularies of whole words have no marks for them. */
function spaced(tokens: readonly ResultToken[], read: Read): Shown[] {
  let end: number | null = null;
  return tokens.map((token) => {
    const { space, text } = read(token.token);
    const gap = end !== null && token.start !== null && token.start > end;
    end = token.end ?? end;
    return { space: space || gap, text };
  });
}

/** The first characters of a text, special tokens left out. */
export function plainText(tokens: readonly ResultToken[], read: Read): string {
  const words = tokens.filter(({ start }) => start !== null);
  return spaced(words, read)
    .map(({ space, text }) => `${space ? ' ' : ''}${text}`)
    .join('')
    .trim()
    .slice(0, 80);
}

/** Which way a text runs: by its first letter, as browsers decide, which do not look into isolated parts (`bdi`). */
function direction(text: string): 'ltr' | 'rtl' {
  const letter = /\p{L}/u.exec(text)?.[0] ?? '';
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(letter)
    ? 'rtl'
    : 'ltr';
}

/** HTML of the text, source and target apart where there are both. */
export function reading(sequence: ResultSequence, readers: Readers): string {
  const { source, target, attr_pos_start: start, attr_pos_end: end } = sequence;
  const paragraph = (title: string, side: 's' | 't', tokens: ResultToken[], read: Read): string => {
    const items = spaced(tokens, read).map(({ space, text }, at) => {
      const inner = `<bdi>${escapeHtml(text)}</bdi>`;
      const key = `data-k="${side}${at}"`;
      const generated = side === 't' && at >= start && at < end;
      const element = generated
        ? `<button type="button" ${key} data-c="${at - start}"${tokens[at].forced ? FORCED : ''} aria-pressed="false">${inner}</button>`
        : `<span ${key}>${inner}</span>`;
      return `${space ? ' ' : ''}${element}`;
    });
    return `<p dir="${direction(plainText(tokens, read))}"><small dir="ltr">${title}</small>${items.join('')}</p>`;
  };
  const parts =
    source.length > 0
      ? [paragraph('Source', 's', source, readers.source), paragraph('Target', 't', target, readers.target)]
      : [paragraph('Prompt and generated text', 't', target, readers.target)];
  return `<div class="reading">${parts.join('')}</div>`;
}
