import { type Static, Type } from 'typebox';
import type { Aggregator } from '../aggregator.ts';
import { functionSchema } from '../functions.ts';
import { mergeSpans } from '../merge.ts';
import { readSpans, spansSchema } from '../spans-argument.ts';

/** What a null function means where spans are merged. */
export const SPAN_FUNCTION = functionSchema(
  '"absmax" for attributions, and for step scores what suits them (the product of probabilities, the sum of entropies)',
);

const Args = Type.Object(
  {
    source_spans: spansSchema('Spans of source tokens'),
    target_spans: spansSchema('Spans of target tokens; with decoder-only models the prompt counts'),
    aggregate_fn: SPAN_FUNCTION,
  },
  { additionalProperties: false },
);

/** Merges the tokens of given spans. */
const spans: Aggregator = {
  id: 'spans',
  name: 'Spans',
  description: 'Merges the tokens of given spans into one each.',
  argsSchema: Args,
  apply(sequence, args, context) {
    const { source_spans, target_spans, aggregate_fn } = args as Static<typeof Args>;
    const found = {
      source: readSpans(source_spans, 'source_spans', sequence.source.length),
      target: readSpans(target_spans, 'target_spans', sequence.target.length),
    };
    return mergeSpans(sequence, found, aggregate_fn, context);
  },
};

export default spans;
