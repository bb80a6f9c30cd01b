/** Tokens as people read them: characters for the marks of vocabularies, signs for what could not be seen. */

import { CHARACTER_TO_BYTE } from '../../tokenizers/byte-level.ts';

/** A token for display. */
export interface Shown {
  /** Whether a space precedes it in the text. */
  space: boolean;
  text: string;
}

/** Shows the tokens of one text; `tokens` tell whether their characters stand for bytes, as in GPT-2's vocabulary. */
export function tokenReader(tokens: readonly string[]): (token: string) => Shown {
  const byteLevel = isByteLevel(tokens);
  return (token) => shown((byteLevel ? decoded(byteLevelBytes(token)) : null) ?? token);
}

/** What the bytes of several tokens spell together; null where they are not bytes, or not whole characters. */
export function bytesReader(tokens: readonly string[]): (parts: readonly string[]) => Shown | null {
  const byteLevel = isByteLevel(tokens);
  return (parts) => {
    const bytes: number[] = [];
    for (const part of parts) {
      const own = byteFallback(part) ?? (byteLevel ? byteLevelBytes(part) : null);
      if (own === null) return null;
      bytes.push(...own);
    }
    const text = decoded(bytes);
    return text === null ? null : shown(text);
  };
}

const isByteLevel = (tokens: readonly string[]): boolean => tokens.some((token) => /[ĠĊ]/u.test(token));

function shown(text: string): Shown {
  const plain = text.replaceAll('▁', ' ');
  const space = /^ ./su.test(plain);
  return { space, text: visible(space ? plain.slice(1) : plain) };
}

/** The byte of a token such as `<0x0A>`. */
function byteFallback(token: string): number[] | null {
  const digits = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return digits === undefined ? null : [Number.parseInt(digits, 16)];
}

function byteLevelBytes(token: string): number[] | null {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = CHARACTER_TO_BYTE.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return bytes;
}

function decoded(bytes: readonly number[] | null): string | null {
  if (bytes === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return null;
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
