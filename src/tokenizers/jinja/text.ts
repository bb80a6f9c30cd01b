/** Python's functions on texts that JavaScript has otherwise or not at all. */

import { characters } from './values.ts';

/** What `str.isspace` holds for white space; U+FEFF is none. */
const SPACES = new Set(
  [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f,
    0x3000,
  ]
    .concat(Array.from({ length: 11 }, (_, index) => 0x2000 + index))
    .map((code) => String.fromCodePoint(code)),
);
const LINE_BREAKS = new Set(
  [0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029].map((code) => String.fromCodePoint(code)),
);

export function isSpace(character: string): boolean {
  return SPACES.has(character);
}

/** Takes white space, or any of the given characters, from the ends. */
export function strip(text: string, chars: string | null, side: 'both' | 'left' | 'right' = 'both'): string {
  const taken = chars === null ? SPACES : new Set(chars);
  const all = Array.from(text);
  let start = 0;
  let end = all.length;
  if (side !== 'right') while (start < end && taken.has(all[start])) start++;
  if (side !== 'left') while (end > start && taken.has(all[end - 1])) end--;
  return all.slice(start, end).join('');
}

/** Parts between white space, the empty ones left out. `limit` < 0: all; the rest keeps its white space at the far end. */
export function splitSpaces(text: string, limit: number, fromRight = false): string[] {
  const parts: string[] = [];
  let rest = strip(text, null, fromRight ? 'right' : 'left');
  while (rest !== '') {
    if (limit >= 0 && parts.length >= limit) {
      parts.push(rest);
      break;
    }
    const all = Array.from(rest);
    const at = fromRight ? all.findLastIndex(isSpace) : all.findIndex(isSpace);
    if (at < 0) {
      parts.push(rest);
      break;
    }
    parts.push((fromRight ? all.slice(at + 1) : all.slice(0, at)).join(''));
    rest = strip((fromRight ? all.slice(0, at) : all.slice(at)).join(''), null, fromRight ? 'right' : 'left');
  }
  return fromRight ? parts.reverse() : parts;
}

/** Parts between a separator. `limit` < 0: all. */
export function splitAt(text: string, separator: string, limit: number, fromRight = false): string[] {
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
    : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!LINE_BREAKS.has(text[at])) continue;
    const end = at;
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    lines.push(text.slice(start, keepEnds ? at + 1 : end));
    start = at + 1;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** At most `count` of them; < 0: all. */
export function replace(text: string, from: string, to: string, count: number): string {
  if (count < 0) return from === '' ? ['', ...Array.from(text), ''].join(to) : text.replaceAll(from, () => to);
  if (from === '') {
    const all = Array.from(text);
    const head = all.slice(0, Math.max(0, count - 1)).map((character) => to + character);
    return count === 0 ? text : head.join('') + to + all.slice(head.length).join('');
  }
  const parts = splitAt(text, from, count);
  return parts.join(to);
}

const CASED = /[\p{Lu}\p{Ll}\p{Lt}]/u;

export function capitalize(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return titleCase(first) + lower(rest.join(''));
}

/** A character as it begins a word: `ß` is `Ss` there. */
function titleCase(character: string): string {
  const [first = '', ...rest] = Array.from(character.toUpperCase());
  return first + rest.join('').toLowerCase();
}

/** Python knows the final sigma, as JavaScript does. */
export function lower(text: string): string {
  return text.toLowerCase();
}

/** Capitals where no letter goes before: `They'Re`. */
export function title(text: string): string {
  let afterLetter = false;
  let written = '';
  for (const character of text) {
    written += afterLetter ? character.toLowerCase() : titleCase(character);
    afterLetter = CASED.test(character);
  }
  return written;
}

export function swapCase(text: string): string {
  return Array.from(text, (character) =>
    character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase(),
  ).join('');
}

export function isTitle(text: string): boolean {
  let afterLetter = false;
  let any = false;
  for (const character of text) {
    const isCased = CASED.test(character);
    if (isCased && /[\p{Lu}\p{Lt}]/u.test(character) === afterLetter) return false;
    any ||= isCased;
    afterLetter = isCased;
  }
  return any;
}

/** Position in code points of a position in code units. */
export function codePointAt(text: string, at: number): number {
  return at < 0 ? -1 : characters(text.slice(0, at)).length;
}
