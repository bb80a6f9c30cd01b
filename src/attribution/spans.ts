/** Spans: neighbors among the tokens of one side, found in its text or given as arguments. */

import { Type } from 'typebox';

export interface Span {
  start: number;
  /** Exclusive. */
  end: number;
}

/** Spans that cover all positions: the given ones, ascending, and each position outside them alone. */
export function coveringSpans(spans: readonly Span[], length: number): Span[] {
  const all: Span[] = [];
  let at = 0;
  for (const { start, end } of [...spans, { start: length, end: length }]) {
    for (; at < start; at++) all.push({ start: at, end: at + 1 });
    if (end > start) all.push({ start, end });
    at = end;
  }
  return all;
}

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

/**
 * The spans of an argument, checked against the number of tokens.
 * @param fault - the error that a message becomes
 */
export function readSpans(argument: SpansArgument, length: number, fault: (message: string) => Error): Span[] {
  const spans: [number, number][] = argument === null ? [] : isPair(argument) ? [argument] : argument;
  let last = 0;
  return spans.map(([start, end]) => {
    if (end <= start) throw fault(`the span [${start}, ${end}] is empty: its end must exceed its start`);
    if (end > length) throw fault(`the span [${start}, ${end}] ends after the ${length} tokens of this side`);
    if (start < last) {
      throw fault(`the span [${start}, ${end}] begins before the one in front of it ends, at ${last}`);
    }
    last = end;
    return { start, end };
  });
}

function isPair(spans: [number, number] | [number, number][]): spans is [number, number] {
  return spans.length === 2 && typeof spans[0] === 'number';
}
