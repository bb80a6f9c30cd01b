/** Tokens of the same segment of a text: of a word or a sentence, by the rules of Unicode (UAX #29) and the locale. */

import { Type } from 'typebox';
import type { Token } from './scores.ts';
import type { Span } from './spans.ts';

/** Schema of the argument `locale`. */
export const LOCALE = Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], {
  default: null,
  description: 'Language of the texts (BCP 47); it matters where words are written without spaces. null: any.',
});

/** @param fault - the error that a message becomes */
export function makeSegmenter(
  locale: string | null,
  granularity: 'word' | 'sentence',
  fault: (message: string) => Error,
): Intl.Segmenter {
  try {
    return new Intl.Segmenter(locale ?? 'und', { granularity });
  } catch {
    throw fault(`"${locale}" is not a language tag; give one such as "en" or "zh-Hans"`);
  }
}

/** Spaces, but no line breaks. */
const BLANKS = /[^\S\r\n]*/uy;

/** Where the word of a token begins: its first character after spaces, be they the token's own or all of it. */
function wordStart(text: string, start: number, end: number): number {
  const own = /^\s*/u.exec(text.slice(start, end))?.[0].length ?? 0;
  if (start + own < end) return start + own;
  BLANKS.lastIndex = start;
  const at = start + (BLANKS.exec(text)?.[0].length ?? 0);
  return at >= end && at < text.length ? at : Math.max(start, end - 1);
}

/**
 * Spans of two and more tokens whose first character (after spaces) lies in the same segment. Runs of spaces go with
 * what follows, as tokenizers have it.
 */
export function segmentSpans(tokens: readonly Token[], text: string, segmenter: Intl.Segmenter): Span[] {
  const segments = segmenter.segment(text);
  const spans: Span[] = [];
  let open: { segment: number; span: Span } | null = null;
  tokens.forEach(({ start, end }, at) => {
    if (start === null || end === null) {
      open = null;
      return;
    }
    const segment = segments.containing(wordStart(text, start, end))?.index ?? -1;
    if (open !== null && open.segment === segment) {
      open.span.end = at + 1;
      return;
    }
    open = { segment, span: { start: at, end: at + 1 } };
    spans.push(open.span);
  });
  return spans.filter(({ start, end }) => end - start > 1);
}
