/** Spans of tokens in the arguments of an aggregator. */

import { Type } from 'typebox';
import { argumentFault } from './aggregator.ts';
import type { Group } from './arrays.ts';

const position = Type.Integer({ minimum: 0 });
const span = Type.Tuple([position, position]);

/** One span `[start, end]`, several, or null. */
export type SpansArgument = [number, number] | [number, number][] | null;

/** Schema of an argument that holds spans. */
export function spansSchema(description: string) {
  return Type.Unsafe<SpansArgument>({
    ...Type.Union([span, Type.Array(span), Type.Null()]),
    default: null,
    description:
      `${description}: [start, end] or a list of them, in tokens, ascending and without overlap; ` +
      'the end is exclusive.',
  });
}

/** The spans of an argument, checked against the number of tokens. */
export function readSpans(argument: SpansArgument, field: string, length: number): Group[] {
  const spans: [number, number][] = argument === null ? [] : isPair(argument) ? [argument] : argument;
  let last = 0;
  return spans.map(([start, end]) => {
    if (end <= start) throw argumentFault(field, `the span [${start}, ${end}] is empty: its end must exceed its start`);
    if (end > length) {
      throw argumentFault(field, `the span [${start}, ${end}] ends after the ${length} tokens of this side`);
    }
    if (start < last) {
      throw argumentFault(field, `the span [${start}, ${end}] begins before the one in front of it ends, at ${last}`);
    }
    last = end;
    return { start, end };
  });
}

function isPair(spans: [number, number] | [number, number][]): spans is [number, number] {
  return spans.length === 2 && typeof spans[0] === 'number';
}
