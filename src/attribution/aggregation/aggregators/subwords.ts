/** Merges the pieces of words by the characters that the tokenizer marks words with. */

import { type Static, Type } from 'typebox';
import type { Token } from '../../scores.ts';
import type { Span } from '../../spans.ts';
import { defineAggregator } from '../aggregator.ts';
import { SPAN_FUNCTION } from '../functions.ts';
import { mergeSpans } from '../merge.ts';

const Mark = Type.String({ minLength: 1, maxLength: 16 });

const Args = Type.Object(
  {
    special_chars: Type.Union([Mark, Type.Array(Mark, { minItems: 1, maxItems: 16 })], {
      default: ['▁', 'Ġ', 'Ċ'],
      description: 'Prefixes that mark the first piece of a word; a text whose tokens have none of them is left alone.',
    }),
    is_suffix_symbol: Type.Boolean({
      default: false,
      description: 'The prefixes mark pieces that continue a word, as in "##ing", not those that begin one.',
    }),
    aggregate_source: Type.Boolean({ default: true }),
    aggregate_target: Type.Boolean({ default: true }),
    aggregate_fn: SPAN_FUNCTION,
    last_subword: Type.Union([Type.Literal('merge'), Type.Literal('separate')], {
      default: 'merge',
      description:
        '"merge": the last word is merged like the others and special tokens stand alone. "separate": as in Inseq ' +
        '0.7.1, where the last piece of the text stays out of the last word and special tokens join the word before them.',
    }),
  },
  { additionalProperties: false },
);
type Args = Static<typeof Args>;

const subwords = defineAggregator({
  id: 'subwords',
  name: 'Subwords',
  description: 'Merges the pieces of each word, found by the prefixes with which the tokenizer marks words.',
  argsSchema: Args,
  apply(sequence, args, context) {
    const options = args;
    const spans = {
      source: options.aggregate_source ? subwordSpans(sequence.source, options) : [],
      target: options.aggregate_target ? subwordSpans(sequence.target, options) : [],
    };
    return mergeSpans(sequence, spans, options.aggregate_fn, context);
  },
});

export default subwords;

/** Spans of tokens that make a word of two pieces or more. */
export function subwordSpans(
  tokens: readonly Pick<Token, 'token' | 'start'>[],
  { special_chars, is_suffix_symbol, last_subword }: Pick<Args, 'special_chars' | 'is_suffix_symbol' | 'last_subword'>,
): Span[] {
  const symbols = [special_chars].flat();
  const marked = tokens.map(({ token }) => symbols.some((symbol) => token.startsWith(symbol)));
  if (!marked.includes(true)) return [];
  const special = tokens.map(({ start }) => last_subword === 'merge' && start === null);
  const begins = tokens.map((_, at) => at === 0 || marked[at] !== is_suffix_symbol || special[at] || special[at - 1]);

  const starts = begins.flatMap((begin, at) => (begin ? [at] : []));
  const spans = starts.map((start, i) => ({ start, end: starts[i + 1] ?? tokens.length }));
  const last = spans[spans.length - 1];
  if (last_subword === 'separate' && last.end - last.start > 1) last.end--;
  return spans.filter(({ start, end }) => end - start > 1);
}
