/** Vocabularies: tokens and their ids. */

import { TokenizerError } from '../errors.ts';

/** A vocabulary object {token: id} as a map. */
export function readVocab(vocab: unknown): Map<string, number> {
  const map = new Map<string, number>();
  if (typeof vocab === 'object' && vocab !== null && !Array.isArray(vocab)) {
    for (const [token, id] of Object.entries(vocab)) if (Number.isSafeInteger(id)) map.set(token, Number(id));
  }
  if (map.size === 0) throw new TokenizerError('the vocabulary of the tokenizer is empty or no object {token: id}');
  return map;
}

/**
 * Ids of the byte tokens `<0x00>` .. `<0xFF>` that spell a text in UTF-8; null where the vocabulary lacks one of them.
 */
export function byteTokens(text: string, vocab: ReadonlyMap<string, number>): number[] | null {
  const ids: number[] = [];
  for (const byte of Buffer.from(text)) {
    const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return null;
    ids.push(id);
  }
  return ids;
}
