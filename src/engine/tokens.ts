/** Ids as the tokens of a result: their strings, their characters in the text, their roles in a conversation. */

import type { Token } from '../attribution/scores.ts';
import type { RoleSpan } from '../tokenizers/chat.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Ids as tokens with the characters that they cover in `text`. */
export function tokensOf(
  ids: Int32Array,
  text: string,
  tokenizer: Tokenizer,
  encode: Parameters<Tokenizer['encode']>[1],
  clean: boolean,
): Token[] {
  const { ids: again, offsets } = tokenizer.encode(text, encode);
  // The ids of generated text may differ from those that encoding it gives; then offsets come from decoding.
  const lead = ids.length - again.length;
  const same = lead >= 0 && again.every((id, k) => id === ids[lead + k]);
  const ranges = same ? [...new Array<null>(lead).fill(null), ...offsets] : decodedOffsets(ids, text, tokenizer);
  return Array.from(ids, (id, k) => {
    const token = tokenizer.idToToken(id) ?? '';
    const range = ranges[k];
    const shown = clean && range !== null ? text.slice(range[0], range[1]) : token;
    return { id, token: shown, start: range?.[0] ?? null, end: range?.[1] ?? null };
  });
}

/** Offsets from how the decoded text grows token by token, as far as it agrees with `text`. */
function decodedOffsets(ids: Int32Array, text: string, tokenizer: Tokenizer): ([number, number] | null)[] {
  let before = 0;
  return Array.from(ids, (id, k) => {
    if (tokenizer.specialIds.has(id)) return null;
    const options = { skipSpecialTokens: true, cleanUp: false };
    const decoded = tokenizer.decode(Array.from(ids.subarray(0, k + 1)), options).replace(/\uFFFD+$/, '');
    if (!text.startsWith(decoded)) return null;
    const range: [number, number] = [before, Math.max(before, decoded.length)];
    before = range[1];
    return range;
  });
}

/** Gives each token the role of the message that it begins in. What follows the prompt is the assistant's. */
export function giveRoles(tokens: Token[], spans: readonly RoleSpan[], promptLength: number): void {
  for (const token of tokens) {
    const { start } = token;
    if (start === null) continue;
    const role = start >= promptLength ? 'assistant' : spans.find((span) => start < span.end)?.role;
    if (role) token.role = role;
  }
}
