/**
 * Normalizers of tokenizer.json as functions from a text to the edits that rewrite it.
 *
 * The rewriting itself is that of @huggingface/tokenizers where it agrees with the Rust library; what is done here is
 * to find out which characters were rewritten.
 */

import type { AlignedText, Edit } from './aligned-text.ts';
import { Charsmap } from './charsmap.ts';
import { TokenizerError } from './errors.ts';
import { asObject, asObjects, asString, type JsonObject } from './json.ts';
import { BertNormalizer, ReplaceNormalizer } from './library.ts';

export type Normalizer = (text: AlignedText) => AlignedText;

type Rewriter = (text: string) => Edit[];

/** Builds the normalizer of a tokenizer.json. @throws TokenizerError for a type that is not known */
export function createNormalizer(config: JsonObject | null): Normalizer {
  if (config === null) return (text) => text;
  if (config.type === 'Sequence') {
    const steps = asObjects(config.normalizers).map(createNormalizer);
    return (text) => steps.reduce((current, step) => step(current), text);
  }
  const rewrite = createRewriter(config);
  return (text) => text.edit(rewrite(text.text));
}

function createRewriter(config: JsonObject): Rewriter {
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
      return (text) => replaceAll(text, /\p{M}/gu, '');
    case 'Strip':
      return strip(config.strip_left !== false, config.strip_right !== false);
    case 'Prepend': {
      const prefix = asString(config.prepend) ?? '';
      return (text) => (text === '' ? [] : [{ start: 0, end: 0, text: prefix }]);
    }
    case 'Replace':
      return replace(config);
    case 'BertNormalizer':
      return bert(config);
    case 'Precompiled': {
      const charsmap = asString(config.precompiled_charsmap) ?? '';
      if (charsmap === '') return () => [];
      const rules = new Charsmap(Buffer.from(charsmap, 'base64'), config.rule === 'longest' ? 'longest' : 'grapheme');
      return (text) => rules.edits(text);
    }
    default:
      throw new TokenizerError(`the normalizer "${type}" of tokenizer.json is not supported`);
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

function replace(config: JsonObject): Rewriter {
  const pattern = asObject(config.pattern);
  const content = asString(config.content) ?? '';
  const literal = asString(pattern?.String);
  const regex = asString(pattern?.Regex);
  if (literal !== null) {
    const escaped = new RegExp(literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
    return (text) => replaceAll(text, escaped, content);
  }
  if (regex === null) throw new TokenizerError('a Replace normalizer of tokenizer.json has no pattern');
  const compiled = new ReplaceNormalizer({ type: 'Replace', pattern: { Regex: regex }, content }).pattern;
  return (text) => (compiled === null ? [] : replaceAll(text, compiled, content));
}

function replaceAll(text: string, pattern: RegExp, content: string): Edit[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: match }) => ({
    start: index,
    end: index + match.length,
    text: content,
  }));
}

function bert(config: JsonObject): Rewriter {
  const normalizer = new BertNormalizer({
    type: 'BertNormalizer',
    clean_text: config.clean_text !== false,
    handle_chinese_chars: config.handle_chinese_chars !== false,
    strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
    lowercase: config.lowercase !== false,
  });
  const known = new Map<string, string>();
  return characterwise((character) => {
    let rewritten = known.get(character);
    if (rewritten === undefined) {
      rewritten = normalizer.normalize(character);
      if (known.size < 65536) known.set(character, rewritten);
    }
    return rewritten;
  });
}
