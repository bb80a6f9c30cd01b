/** How much text one token can stand for: a text that is longer than so many tokens of that length need not be counted. */

import path from 'node:path';
import { readOptionalJsonObject } from '../checkpoints/json-file.ts';
import { readAddedTokens } from './added-tokens.ts';
import { CHARACTER_TO_BYTE } from './byte-level.ts';
import { readDeclaredTokens } from './definition.ts';
import { asObject, asObjects, asString, type JsonObject } from './json.ts';

/** Pre-tokenizers that keep every character, where they do not say that they remove some. */
const KEEPS = new Set(['ByteLevel', 'Digits', 'Split']);

/**
 * Characters (UTF-16 units) that a token stands for at most; null where it can be any number, or is not known. It is
 * known of byte-level BPE (GPT-2, Llama 3, Qwen) without a normalizer: the bytes of its tokens are those of the text.
 * Others join unknown characters into one token, or drop and shorten white space.
 * @param dir - checkpoint directory
 */
export function longestToken(dir: string): number | null {
  const config = readOptionalJsonObject(path.join(dir, 'tokenizer_config.json')) ?? {};
  const tokenizer = readOptionalJsonObject(path.join(dir, 'tokenizer.json'));
  const model = asObject(tokenizer?.model);
  const vocab = asObject(model?.vocab);
  if (tokenizer === null || model === null || vocab === null) return null;
  if (asString(model.type) !== 'BPE' || (tokenizer.normalizer ?? null) !== null || !isByteLevel(tokenizer)) return null;
  if (readOptionalJsonObject(path.join(dir, 'tokenizer_target.json')) !== null) return null;
  if ([...CHARACTER_TO_BYTE.keys()].some((byte) => !Object.hasOwn(vocab, byte))) return null;
  const added = [...readAddedTokens(tokenizer.added_tokens), ...readDeclaredTokens(dir, config)];
  if (added.some(({ lstrip, rstrip }) => lstrip || rstrip)) return null;
  let longest = 0;
  for (const token in vocab) longest = Math.max(longest, token.length); // a character for each byte
  for (const { content } of added) longest = Math.max(longest, content.length);
  return longest;
}

function isByteLevel({ pre_tokenizer: config }: JsonObject): boolean {
  const outer = asObject(config);
  if (outer === null) return false;
  const steps = asString(outer.type) === 'Sequence' ? asObjects(outer.pretokenizers) : [outer];
  const keeps = ({ type, behavior }: JsonObject) => KEEPS.has(asString(type) ?? '') && behavior !== 'Removed';
  return steps.every(keeps) && asString(steps.at(-1)?.type) === 'ByteLevel';
}
