/** Pre-tokenizers of tokenizer.json: a text to the pieces that the model then tokenizes one by one. */

import type { AlignedText, Edit } from './aligned-text.ts';
import { BYTE_TO_CHARACTER } from './byte-level.ts';
import { TokenizerError } from './errors.ts';
import { asNumber, asObject, asObjects, asString, type JsonObject } from './json.ts';
import { SplitPreTokenizer } from './library.ts';
import { type SplitBehavior, split } from './split.ts';

export type PreTokenizer = (text: AlignedText) => AlignedText[];

const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
const PUNCTUATION = '[\\p{P}\\u0021-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u007E]';

/** GPT-2's split into words (Radford et al. 2019), with Unicode's white space in the place of JavaScript's. */
const GPT2_WORDS = new RegExp(
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+" +
    '|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+',
  'gu',
);

/** Builds the pre-tokenizer of a tokenizer.json. @throws TokenizerError for a type that is not known */
export function createPreTokenizer(config: JsonObject | null): PreTokenizer {
  if (config === null) return (text) => [text];
  const type = asString(config.type) ?? '';
  switch (type) {
    case 'Sequence': {
      const steps = asObjects(config.pretokenizers).map(createPreTokenizer);
      return (text) => steps.reduce((pieces, step) => pieces.flatMap(step), [text]);
    }
    case 'ByteLevel':
      return byteLevel(config.add_prefix_space === true, config.use_regex !== false);
    case 'Metaspace':
      return metaspace(config);
    case 'Split':
      return splitByConfig(config);
    case 'Whitespace':
      return splitBy(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu'), 'removed', true);
    case 'WhitespaceSplit':
      return splitBy(/\p{White_Space}/gu, 'removed');
    case 'BertPreTokenizer': {
      const words = splitBy(/\p{White_Space}/gu, 'removed');
      const marks = splitBy(new RegExp(PUNCTUATION, 'gu'), 'isolated');
      return (text) => words(text).flatMap(marks);
    }
    case 'Punctuation':
      return splitBy(new RegExp(PUNCTUATION, 'gu'), behaviorOf(config.behavior));
    case 'Digits':
      return splitBy(/\p{N}/gu, config.individual_digits === true ? 'isolated' : 'contiguous');
    case 'CharDelimiterSplit':
      return splitByConfig({ pattern: { String: config.delimiter }, behavior: 'Removed' });
    case 'FixedLength': {
      const characters = asNumber(config.length) ?? 5;
      return splitBy(new RegExp(`[^]{1,${characters}}`, 'gu'), 'isolated');
    }
    default:
      throw new TokenizerError(`the pre-tokenizer "${type}" of tokenizer.json is not supported`);
  }
}

function splitBy(pattern: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer {
  return (text) => split(text.text, pattern, behavior, invert).map(([from, to]) => text.slice(from, to));
}

function splitByConfig(config: JsonObject): PreTokenizer {
  const pattern = asObject(config.pattern);
  const literal = asString(pattern?.String);
  const regex = asString(pattern?.Regex);
  if (literal === null && regex === null) throw new TokenizerError('a Split of tokenizer.json has no pattern');
  // The library translates Oniguruma's syntax to JavaScript's; the splitting is ours, as it knows not all behaviors.
  const compiled = new SplitPreTokenizer({
    type: 'Split',
    pattern: literal === null ? { Regex: regex ?? '' } : { String: literal },
    behavior: 'Isolated',
    invert: false,
  }).pattern;
  if (compiled === null) throw new TokenizerError(`the Split pattern ${regex ?? literal} cannot be compiled`);
  return splitBy(compiled, behaviorOf(config.behavior), config.invert === true);
}

function behaviorOf(name: unknown): SplitBehavior {
  switch (asString(name)?.toLowerCase().replaceAll('_', '') ?? 'isolated') {
    case 'removed':
      return 'removed';
    case 'mergedwithprevious':
      return 'merged-with-previous';
    case 'mergedwithnext':
      return 'merged-with-next';
    case 'contiguous':
      return 'contiguous';
    case 'isolated':
      return 'isolated';
    default:
      throw new TokenizerError(`the split behavior ${JSON.stringify(name)} of tokenizer.json is not supported`);
  }
}

function byteLevel(addPrefixSpace: boolean, useRegex: boolean): PreTokenizer {
  return (text) => {
    const prefix = addPrefixSpace && text.text !== '' && !text.text.startsWith(' ');
    const prefixed = prefix ? text.edit([{ start: 0, end: 0, text: ' ' }]) : text;
    const words = useRegex
      ? split(prefixed.text, GPT2_WORDS, 'isolated').map(([from, to]) => prefixed.slice(from, to))
      : [prefixed];
    return words.map(encodeBytes);
  };
}

/** Writes each byte of the UTF-8 form as one printable character. */
function encodeBytes(word: AlignedText): AlignedText {
  const sizes = new Uint8Array(word.text.length);
  let encoded = '';
  let at = 0;
  for (const character of word.text) {
    const bytes = Buffer.from(character);
    for (const byte of bytes) encoded += BYTE_TO_CHARACTER[byte];
    sizes[at] = bytes.length;
    at += character.length;
  }
  return word.expand(encoded, sizes);
}

function metaspace(config: JsonObject): PreTokenizer {
  const replacement = asString(config.replacement) ?? '▁';
  // Files from before prepend_scheme have add_prefix_space.
  const scheme = asString(config.prepend_scheme) ?? (config.add_prefix_space === false ? 'never' : 'always');
  const words = new RegExp(replacement.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
  const splits = config.split !== false;
  return (text) => {
    const spaces: Edit[] = Array.from(text.text.matchAll(/ /g), ({ index }) => ({
      start: index,
      end: index + 1,
      text: replacement,
    }));
    let replaced = text.edit(spaces);
    const wanted = scheme === 'always' || (scheme === 'first' && text.start === 0);
    if (wanted && replaced.text !== '' && !replaced.text.startsWith(replacement)) {
      replaced = replaced.edit([{ start: 0, end: 0, text: replacement }]);
    }
    if (!splits) return [replaced];
    return split(replaced.text, words, 'merged-with-next').map(([from, to]) => replaced.slice(from, to));
  };
}
