/** Ids as the tokens of a result: their strings, their characters in the text, their roles in a conversation. */

import type { Token } from '../attribution/scores.ts';
import type { RoleSpan } from '../tokenizers/chat.ts';
import type { EncodeOptions, Tokenizer } from '../tokenizers/tokenizer.ts';

/** Code units [start, end) of a text; null for a token that stands for none of it. */
type Range = readonly [start: number, end: number] | null;

export interface TokenText {
  tokenizer: Tokenizer;
  text: string;
  /** How the tokenizer is called for the text. */
  encode: EncodeOptions;
  /** The prompt that the text and the ids begin with; absent where there is none. */
  prompt?: string;
  /** Shows the characters that a token covers, in place of the token as it stands in the vocabulary. */
  clean?: boolean;
}

/** Ids as tokens with the characters that they cover. */
export function tokensOf(ids: Int32Array, options: TokenText): Token[] {
  const { tokenizer, text, clean = false } = options;
  const ranges = rangesOf(ids, options);
  return Array.from(ids, (id, at) => {
    const range = ranges[at];
    const shown = clean && range !== null ? text.slice(range[0], range[1]) : (tokenizer.idToToken(id) ?? '');
    return { id, token: shown, start: range?.[0] ?? null, end: range?.[1] ?? null };
  });
}

/**
 * The tokenizer's own offsets where encoding the text gives the ids again, at least those of the prompt; what was
 * generated otherwise may be cut in other tokens than encoding gives, and is decoded.
 */
function rangesOf(ids: Int32Array, { tokenizer, text, encode, prompt }: TokenText): Range[] {
  const whole = tokenizer.encode(text, encode);
  const lead = ids.length - whole.ids.length;
  if (lead >= 0 && whole.ids.every((id, at) => id === ids[lead + at])) {
    return [...new Array<Range>(lead).fill(null), ...whole.offsets];
  }
  if (prompt === undefined || !text.startsWith(prompt)) return decodedRanges(ids, 0, 0, text, tokenizer);
  const own = tokenizer.encode(prompt, encode);
  // Without tokens of its own a prompt is the beginning-of-sequence token that generation started from.
  const ranges: Range[] = own.ids.length === 0 ? [null] : [...own.offsets];
  return [...ranges, ...decodedRanges(ids, ranges.length, prompt.length, text, tokenizer)];
}

/** Beginnings of a text that are held at a time. */
const DECODED_TOGETHER = 64;

/**
 * Ranges of the tokens from `first` on, by how the decoded text grows with each. Tokens that are bytes of one character
 * all cover it.
 * @param at - position in `text` where the first of them begins
 */
function decodedRanges(ids: Int32Array, first: number, at: number, text: string, tokenizer: Tokenizer): Range[] {
  const options = { skipSpecialTokens: true, cleanUp: false };
  const ranges: Range[] = [];
  // The decoded text may differ from the prompt as it was written: only what follows is compared.
  const skipped = first === 0 ? 0 : tokenizer.decode(ids.subarray(0, first), options).length;
  let end = at;
  let waiting = 0;
  let beginnings: string[] = [];
  for (let index = first; index < ids.length; index++) {
    const place = (index - first) % DECODED_TOGETHER;
    if (place === 0) {
      const to = Math.min(index + DECODED_TOGETHER, ids.length);
      beginnings = tokenizer.decodeBeginnings(ids, index + 1, to, options);
    }
    if (tokenizer.specialIds.has(ids[index])) {
      ranges.push(null);
      waiting = 0;
      continue;
    }
    const decoded = beginnings[place].slice(skipped);
    const agreed = at + sharedLength(decoded, text, at);
    const start = end;
    end = Math.max(start, agreed);
    ranges.push([start, end]);
    const isIncomplete = end === start && at + decoded.length > agreed;
    if (!isIncomplete) ranges.fill([start, end], ranges.length - 1 - waiting);
    waiting = isIncomplete ? waiting + 1 : 0;
  }
  return ranges;
}

/** How many code units `decoded` and the text from `at` on begin with alike. */
function sharedLength(decoded: string, text: string, at: number): number {
  let length = 0;
  while (length < decoded.length && decoded[length] === text[at + length]) length++;
  return length;
}

/**
 * Gives each token the role of the message that it covers most of, if it covers any: tokens may reach from the template
 * into a message. What follows the prompt is the assistant's.
 */
export function giveRoles(tokens: Token[], spans: readonly RoleSpan[], promptLength: number): void {
  const reply = { start: promptLength, end: Number.POSITIVE_INFINITY, role: 'assistant' };
  const messages = [...spans.filter(({ role }) => role !== null), reply];
  for (const token of tokens) {
    const { start, end } = token;
    if (start === null || end === null) continue;
    // A token that covers nothing (an inserted space) belongs to what follows it.
    const to = Math.max(end, start + 1);
    let most = 0;
    for (const message of messages) {
      const overlap = Math.min(to, message.end) - Math.max(start, message.start);
      if (overlap <= most || message.role === null) continue;
      most = overlap;
      token.role = message.role;
    }
  }
}
