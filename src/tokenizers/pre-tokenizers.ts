/** Pre-tokenizers of tokenizer.json: a text to the pieces that the model then tokenizes one by one. */

import type { AlignedText, Edit } from './aligned-text.ts';
import { encodeBytes } from './byte-level.ts';
import { TokenizerError } from './errors.ts';
import { asNumber, asObjects, asString, type JsonObject } from './json.ts';
import { literalPattern, type Pattern, readPattern, regexPattern } from './patterns.ts';
import { type SplitBehavior, split } from './split.ts';
import { splitByScript } from './unicode-scripts.ts';

export type PreTokenizer = (text: AlignedText) => AlignedText[];

/** `\w` of Rust's regular expressions. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const PUNCTUATION = '[\\p{P}\\u0021-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u007E]';

/** GPT-2's split into words (Radford et al. 2019), with Unicode's white space in the place of JavaScript's. */
const GPT2_WORDS = regexPattern(
  new RegExp(
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+" +
      '|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+',
    'gu',
  ),
);

/**
 * Builds the pre-tokenizer of a tokenizer.json.
 * @param field - where in tokenizer.json it stands, for error messages
 * @throws TokenizerError naming the field, for a type or a pattern that is not supported
 */
export function createPreTokenizer(config: JsonObject | null, field = 'pre_tokenizer'): PreTokenizer {
  if (config === null) return (text) => [text];
  const type = asString(config.type) ?? '';
  switch (type) {
    case 'Sequence': {
      const steps = asObjects(config.pretokenizers).map((step, index) =>
        createPreTokenizer(step, `${field}.pretokenizers[${index}]`),
      );
      return (text) => steps.reduce((pieces, step) => pieces.flatMap(step), [text]);
    }
    case 'ByteLevel':
      return byteLevel(config.add_prefix_space === true, config.use_regex !== false);
    case 'Metaspace':
      return metaspace(config);
    case 'Split': {
      const pattern = readPattern(config.pattern, `${field}.pattern`);
      return splitBy(pattern, behaviorOf(config.behavior), config.invert === true);
    }
    case 'Whitespace':
      return splitBy(regexPattern(new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, 'gu')), 'removed', true);
    case 'WhitespaceSplit':
      return splitBy(regexPattern(/\p{White_Space}/gu), 'removed');
    case 'BertPreTokenizer': {
      const words = splitBy(regexPattern(/\p{White_Space}/gu), 'removed');
      const marks = splitBy(regexPattern(new RegExp(PUNCTUATION, 'gu')), 'isolated');
      return (text) => words(text).flatMap(marks);
    }
    case 'Punctuation':
      return splitBy(regexPattern(new RegExp(PUNCTUATION, 'gu')), behaviorOf(config.behavior));
    case 'Digits':
      return splitBy(regexPattern(/\p{N}/gu), config.individual_digits === true ? 'isolated' : 'contiguous');
    case 'CharDelimiterSplit':
      return splitBy(readPattern({ String: config.delimiter }, `${field}.delimiter`), 'removed');
    case 'FixedLength': {
      const characters = asNumber(config.length) ?? 5;
      return splitBy(regexPattern(new RegExp(`[^]{1,${characters}}`, 'gu')), 'isolated');
    }
    case 'UnicodeScripts':
      return (text) => splitByScript(text.text).map(([from, to]) => text.slice(from, to));
    default:
      throw new TokenizerError(`${field}: the pre-tokenizer "${type}" of tokenizer.json is not supported`);
  }
}

function splitBy(pattern: Pattern, behavior: SplitBehavior, invert = false): PreTokenizer {
  return (text) => split(text.text, pattern, behavior, invert).map(([from, to]) => text.slice(from, to));
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

function metaspace(config: JsonObject): PreTokenizer {
  const replacement = asString(config.replacement) ?? '▁';
  // Files from before prepend_scheme have add_prefix_space.
  const scheme = asString(config.prepend_scheme) ?? (config.add_prefix_space === false ? 'never' : 'always');
  const words = literalPattern(replacement);
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
