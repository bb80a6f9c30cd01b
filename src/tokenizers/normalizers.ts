/**
 * Normalizers of tokenizer.json as functions from a text to the edits that rewrite it.
 *
 * The rewriting itself is that of @huggingface/tokenizers where it agrees with the Rust library; what is done here is
 * to find out which characters were rewritten.
 */

import type { AlignedText, Edit } from './aligned-text.ts';
import { encodeBytes } from './byte-level.ts';
import { Charsmap } from './charsmap.ts';
import { TokenizerError, TokenizerLimitError } from './errors.ts';
import { asObjects, asString, type JsonObject } from './json.ts';
import { BertNormalizer } from './library.ts';
import { type Pattern, readPattern, regexPattern } from './patterns.ts';

export type Normalizer = (text: AlignedText) => AlignedText;

type Rewriter = (text: string) => Edit[];

/**
 * Builds the normalizer of a tokenizer.json.
 * @param field - where in tokenizer.json it stands, for error messages
 * @throws TokenizerError naming the field, for a type or a pattern that is not supported
 */
export function createNormalizer(config: JsonObject | null, field = 'normalizer'): Normalizer {
  if (config === null) return (text) => text;
  if (config.type === 'Sequence') {
    const steps = asObjects(config.normalizers).map((step, index) =>
      createNormalizer(step, `${field}.normalizers[${index}]`),
    );
    return (text) => steps.reduce((current, step) => checkGrowth(step(current), text), text);
  }
  if (config.type === 'ByteLevel') return encodeBytes;
  const rewrite = createRewriter(config, field);
  return (text) => text.edit(rewrite(text.text));
}

/** Unicode's forms make 18 characters of one, bytes 4 of each; steps that double the text go far beyond both. */
const MAX_GROWTH = 100;

function checkGrowth(grown: AlignedText, { text }: AlignedText): AlignedText {
  const limit = MAX_GROWTH * (text.length + MAX_GROWTH);
  if (grown.text.length <= limit) return grown;
  throw new TokenizerLimitError(
    `the tokenizer's normalizers make ${grown.text.length} characters of ${text.length}; the limit is ${limit}`,
  );
}

function createRewriter(config: JsonObject, field: string): Rewriter {
  const type = asString(config.type) ?? '';
  switch (type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => unicodeForm(text, type);
    case 'Lowercase':
      return characterwise((character) => character.toLowerCase());
    case 'StripAccents':
      return (text) => replaceAll(text, MARKS, '');
    case 'Strip':
      return strip(config.strip_left !== false, config.strip_right !== false);
    case 'Prepend': {
      const prefix = asString(config.prepend) ?? '';
      return (text) => (text === '' ? [] : [{ start: 0, end: 0, text: prefix }]);
    }
    case 'Replace': {
      const pattern = readPattern(config.pattern, `${field}.pattern`);
      const content = asString(config.content) ?? '';
      return (text) => replaceAll(text, pattern, content);
    }
    case 'Nmt':
      return nmt;
    case 'BertNormalizer':
      return bert(config);
    case 'Precompiled': {
      const charsmap = asString(config.precompiled_charsmap) ?? '';
      if (charsmap === '') return () => [];
      const rules = new Charsmap(Buffer.from(charsmap, 'base64'), config.rule === 'longest' ? 'longest' : 'grapheme');
      return (text) => rules.edits(text);
    }
    default:
      throw new TokenizerError(`${field}: the normalizer "${type}" of tokenizer.json is not supported`);
  }
}

/** Unicode normalization, aligned cluster by cluster (a starter with its marks, a run of Hangul letters). */
function unicodeForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Edit[] {
  const whole = text.normalize(form);
  if (whole === text) return [];
  const edits: Edit[] = [];
  const parts: string[] = [];
  for (const match of text.matchAll(/[\u1100-\u11ff\uac00-\ud7ff\ua960-\ua97f]+\p{M}*|\P{M}\p{M}*|\p{M}+/gu)) {
    const normalized = match[0].normalize(form);
    parts.push(normalized);
    if (normalized !== match[0])
      edits.push({ start: match.index, end: match.index + match[0].length, text: normalized });
  }
  // Should a composition ever cross clusters, the text must still be right: one coarse edit.
  return parts.join('') === whole ? edits : [{ start: 0, end: text.length, text: whole }];
}

/** Rewrites character by character, as the Rust library does (so no final sigma, no context). */
function characterwise(rewrite: (character: string) => string): Rewriter {
  return (text) => {
    const edits: Edit[] = [];
    let at = 0;
    for (const character of text) {
      const rewritten = rewrite(character);
      const end = at + character.length;
      if (rewritten !== character) edits.push({ start: at, end, text: rewritten });
      at = end;
    }
    return edits;
  };
}

function strip(left: boolean, right: boolean): Rewriter {
  return (text) => {
    const start = left ? (/^\p{White_Space}+/u.exec(text)?.[0].length ?? 0) : 0;
    let end = text.length;
    // Backwards by hand: /\s+$/ takes quadratic time on long runs of spaces inside the text.
    while (right && end > start && /\p{White_Space}/u.test(text[end - 1])) end--;
    const edits: Edit[] = [];
    if (start > 0) edits.push({ start: 0, end: start, text: '' });
    if (end < text.length) edits.push({ start: end, end: text.length, text: '' });
    return edits;
  };
}

const MARKS = regexPattern(/\p{M}/gu);

function replaceAll(text: string, pattern: Pattern, content: string): Edit[] {
  return pattern(text).map(([start, end]) => ({ start, end, text: content }));
}

const SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

function isNmtControl(unit: number): boolean {
  if (unit === 0 || unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d) return false;
  return unit < 0x20 || unit === 0x7f || unit === 0x8f || unit === 0x9f;
}

/** SentencePiece's first rules (neural machine translation): control characters go, rare white space is a space. */
const nmt = characterwise((character) =>
  isNmtControl(character.charCodeAt(0)) ? '' : SPACES.test(character) ? ' ' : character,
);

/** What BERT calls Chinese: the blocks of CJK ideographs. */
const CHINESE =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;

function bert(config: JsonObject): Rewriter {
  const normalizer = new BertNormalizer({
    type: 'BertNormalizer',
    clean_text: config.clean_text !== false,
    // The library looks at code units, and so knows no characters above U+FFFF.
    handle_chinese_chars: false,
    strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
    lowercase: config.lowercase !== false,
  });
  const spaced = config.handle_chinese_chars !== false;
  const known = new Map<string, string>();
  return characterwise((character) => {
    let rewritten = known.get(character);
    if (rewritten === undefined) {
      rewritten = normalizer.normalize(character);
      if (spaced && CHINESE.test(character)) rewritten = ` ${rewritten} `;
      if (known.size < 65536) known.set(character, rewritten);
    }
    return rewritten;
  });
}
