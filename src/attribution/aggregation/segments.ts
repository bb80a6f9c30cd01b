/** Aggregators that merge the tokens of each segment of a text: of a word or a sentence. */

import { Type } from 'typebox';
import { LOCALE, makeSegmenter, segmentSpans } from '../text-segments.ts';
import { type Aggregator, argumentFault, defineAggregator } from './aggregator.ts';
import { SPAN_FUNCTION } from './functions.ts';
import { mergeSpans } from './merge.ts';

const Args = Type.Object(
  {
    locale: LOCALE,
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
      const segmenter = makeSegmenter(locale, granularity, (message) => argumentFault('locale', message));
      const { source, target } = texts;
      const spans = {
        source: aggregate_source && source !== null ? segmentSpans(sequence.source, source, segmenter) : [],
        target: aggregate_target ? segmentSpans(sequence.target, target, segmenter) : [],
      };
      return mergeSpans(sequence, spans, aggregate_fn, { texts, spanAggregation });
    },
  });
}
