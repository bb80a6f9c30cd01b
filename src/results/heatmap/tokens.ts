/** Tokens as people read them, escaped for a page. */

import { CHARACTER_TO_BYTE } from '../../tokenizers/byte-level.ts';

/** A token for display. */
export interface Shown {
  /** Whether a space precedes it in the text. */
  space: boolean;
  text: string;
}

/** Shows the tokens of one text; `tokens` tell whether their characters stand for bytes, as in GPT-2's vocabulary. */
export function tokenReader(tokens: readonly string[]): (token: string) => Shown {
  const byteLevel = tokens.some((token) => /[ĠĊ]/u.test(token));
  return (token) => {
    const plain = (byteLevel ? decodeBytes(token) : token).replaceAll('▁', ' ');
    const space = /^ ./su.test(plain);
    return { space, text: visible(space ? plain.slice(1) : plain) };
  };
}

/** The text of a byte-level token, or the token itself where it has other characters or is part of a character. */
function decodeBytes(token: string): string {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = CHARACTER_TO_BYTE.get(character);
    if (byte === undefined) return token;
    bytes.push(byte);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return token;
  }
}

/** Signs for what could not be seen: spaces alone, line ends, control characters. */
function visible(text: string): string {
  if (text === '') return '∅';
  return text
    .replaceAll('\n', '↵')
    .replaceAll('\t', '⇥')
    .replace(/\p{Cc}/gu, (control) => (control < ' ' ? String.fromCharCode(0x2400 + control.charCodeAt(0)) : '␡'))
    .replace(/^\s+|\s+$/gu, (spaces) => '␣'.repeat(spaces.length));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
