/** GPT-2's byte alphabet: every byte as one printable character (Radford et al. 2019). */

import type { AlignedText } from './aligned-text.ts';

/** Byte -> character. */
const BYTE_TO_CHARACTER: readonly string[] = buildAlphabet();

/** Character -> byte. */
export const CHARACTER_TO_BYTE: ReadonlyMap<string, number> = new Map(
  BYTE_TO_CHARACTER.map((character, byte) => [character, byte]),
);

function buildAlphabet(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

/** Writes each byte of the UTF-8 form as one printable character. */
export function encodeBytes(text: AlignedText): AlignedText {
  const sizes = new Uint8Array(text.text.length);
  let encoded = '';
  let at = 0;
  for (const character of text.text) {
    const bytes = Buffer.from(character);
    for (const byte of bytes) encoded += BYTE_TO_CHARACTER[byte];
    sizes[at] = bytes.length;
    at += character.length;
  }
  return text.expand(encoded, sizes);
}
