/** Merges the tokens of given spans. */

import { Type } from 'typebox';
import { readSpans, spansSchema } from '../../spans.ts';
import { argumentFault, defineAggregator } from '../aggregator.ts';
import { SPAN_FUNCTION } from '../functions.ts';
import { mergeSpans } from '../merge.ts';

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
      source: readSpans(source_spans, sequence.source.length, (message) => argumentFault('source_spans', message)),
      target: readSpans(target_spans, sequence.target.length, (message) => argumentFault('target_spans', message)),
    };
    return mergeSpans(sequence, found, aggregate_fn, context);
  },
});

export default spans;
