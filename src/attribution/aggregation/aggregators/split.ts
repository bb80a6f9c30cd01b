/** Merges the parts of a text that tokens with a pattern divide: lines, turns of a dialogue, demonstrations. */

import { runInNewContext } from 'node:vm';
import { type Static, Type } from 'typebox';
import type { Token } from '../../scores.ts';
import type { Span } from '../../spans.ts';
import { argumentFault, defineAggregator } from '../aggregator.ts';
import { SPAN_FUNCTION } from '../functions.ts';
import { mergeSpans } from '../merge.ts';

const Args = Type.Object(
  {
    split_pattern: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Regular expression (JavaScript, Unicode): a token that matches it divides the text.',
    }),
    split_mode: Type.Union([Type.Literal('single'), Type.Literal('start'), Type.Literal('end')], {
      default: 'single',
      description: 'What a dividing token does: stand alone, start a part, or end one.',
    }),
    aggregate_source: Type.Boolean({ default: true }),
    aggregate_target: Type.Boolean({ default: true }),
    aggregate_fn: SPAN_FUNCTION,
  },
  { additionalProperties: false },
);
type Args = Static<typeof Args>;

const split = defineAggregator({
  id: 'split',
  name: 'Split',
  description: 'Merges the parts of a text between tokens that match a pattern: lines, turns, demonstrations.',
  argsSchema: Args,
  apply(sequence, args, context) {
    const { split_pattern, split_mode, aggregate_source, aggregate_target, aggregate_fn } = args;
    const spans = {
      source: aggregate_source ? splitSpans(sequence.source, split_pattern, split_mode) : [],
      target: aggregate_target ? splitSpans(sequence.target, split_pattern, split_mode) : [],
    };
    return mergeSpans(sequence, spans, aggregate_fn, context);
  },
});

export default split;

/** The parts of a text; none where no token matches. */
export function splitSpans(tokens: readonly Pick<Token, 'token'>[], pattern: string, mode: Args['split_mode']): Span[] {
  const divides = tokensWith(pattern, tokens);
  if (!divides.includes(true)) return [];
  const begins = divides.map((here, at) => {
    if (at === 0) return true;
    const before = divides[at - 1];
    return mode === 'single' ? here || before : mode === 'start' ? here : before;
  });
  const starts = begins.flatMap((begin, at) => (begin ? [at] : []));
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? tokens.length }));
}

/** Milliseconds for a pattern on all tokens: one that backtracks without end must not hold the engine. */
const LIMIT = 250;

function tokensWith(pattern: string, tokens: readonly Pick<Token, 'token'>[]): boolean[] {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'u');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw argumentFault('split_pattern', `"${pattern}" is not a regular expression: ${reason}`);
  }
  const texts = tokens.map(({ token }) => token);
  try {
    return Array.from(
      runInNewContext('texts.map((text) => expression.test(text))', { texts, expression }, { timeout: LIMIT }),
      Boolean,
    );
  } catch {
    throw argumentFault(
      'split_pattern',
      `"${pattern}" took more than ${LIMIT} ms on ${tokens.length} tokens: simplify it`,
    );
  }
}
