/** Merges the tokens of given spans. */

import { Type } from 'typebox';
import { defineAggregator } from '../aggregator.ts';
import { SPAN_FUNCTION } from '../functions.ts';
import { mergeSpans } from '../merge.ts';
import { readSpans, spansSchema } from '../spans-argument.ts';

const Args = Type.Object(
  {
    source_spans: spansSchema('Spans of source tokens'),
    target_spans: spansSchema('Spans of target tokens; with decoder-only models the prompt counts'),
    aggregate_fn: SPAN_FUNCTION,
  },
  { additionalProperties: false },
);

const spans = defineAggregator({
  id: 'spans',
  name: 'Spans',
  description: 'Merges the tokens of given spans into one each.',
  argsSchema: Args,
  apply(sequence, args, context) {
    const { source_spans, target_spans, aggregate_fn } = args;
    const found = {
      source: readSpans(source_spans, 'source_spans', sequence.source.length),
      target: readSpans(target_spans, 'target_spans', sequence.target.length),
    };
    return mergeSpans(sequence, found, aggregate_fn, context);
  },
});

export default spans;
