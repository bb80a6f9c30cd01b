/** Tokens of the same segment of a text: of a word or a sentence, by the rules of Unicode (UAX #29) and the locale. */

import { Type } from 'typebox';
import type { Token } from '../scores.ts';
import { type Aggregator, argumentFault, defineAggregator } from './aggregator.ts';
import type { Group } from './arrays.ts';
import { SPAN_FUNCTION } from './functions.ts';
import { mergeSpans } from './merge.ts';

const Args = Type.Object(
  {
    locale: Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Null()], {
      default: null,
      description: 'Language of the texts (BCP 47); it matters where words are written without spaces. null: any.',
    }),
    aggregate_source: Type.Boolean({ default: true }),
    aggregate_target: Type.Boolean({ default: true }),
    aggregate_fn: SPAN_FUNCTION,
  },
  { additionalProperties: false },
);

/** An aggregator that merges the tokens of each segment. */
export function segmentAggregator(granularity: 'word' | 'sentence'): Aggregator {
  const plural = `${granularity}s`;
  const scope = granularity === 'word' ? 'Punctuation and special tokens stand alone.' : 'Special tokens stand alone.';
  return defineAggregator({
    id: plural,
    name: granularity === 'word' ? 'Words' : 'Sentences',
    description: `Merges the tokens of each ${granularity}, found in the text, independently of the tokenizer. ${scope}`,
    argsSchema: Args,
    apply(sequence, args, { texts, spanAggregation }) {
      const { locale, aggregate_source, aggregate_target, aggregate_fn } = args;
      const segmenter = makeSegmenter(locale, granularity);
      const { source, target } = texts;
      const spans = {
        source: aggregate_source && source !== null ? segmentSpans(sequence.source, source, segmenter) : [],
        target: aggregate_target ? segmentSpans(sequence.target, target, segmenter) : [],
      };
      return mergeSpans(sequence, spans, aggregate_fn, { texts, spanAggregation });
    },
  });
}

function makeSegmenter(locale: string | null, granularity: 'word' | 'sentence'): Intl.Segmenter {
  try {
    return new Intl.Segmenter(locale ?? 'und', { granularity });
  } catch {
    throw argumentFault('locale', `"${locale}" is not a language tag; give one such as "en" or "zh-Hans"`);
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
 * Spans of tokens whose first character (after spaces) lies in the same segment. Runs of spaces go with what follows,
 * as tokenizers have it.
 */
function segmentSpans(tokens: readonly Token[], text: string, segmenter: Intl.Segmenter): Group[] {
  const segments = segmenter.segment(text);
  const spans: Group[] = [];
  let open: { segment: number; span: Group } | null = null;
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
