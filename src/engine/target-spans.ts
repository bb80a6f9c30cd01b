/** Spans of an answer that are attributed as wholes: from what a request names to the tokens of each. */

import { AttributionError } from '../attribution/errors.ts';
import { coveringSpans, type Span } from '../attribution/spans.ts';
import { makeSegmenter, segmentSpans } from '../attribution/text-segments.ts';
import type { TargetSpans } from '../contract/target-spans.ts';
import type { Input } from './inputs.ts';

/**
 * The input with its attributed tokens in spans; attribution begins with the first and ends with the last of them.
 * @param index - which of the texts
 * @throws {AttributionError} where a span is outside of what is attributed, or shares a token with the one before it
 */
export function withTargetSpans(input: Input, asked: TargetSpans, index: number): Input {
  const spans = spansOf(input, asked, index);
  const { sequence, target, texts, generatedText } = input;
  // Of a decoder-only model the text begins with the prompt.
  const before = texts.target.length - generatedText.length;
  const targetSpans = spans.map(({ start, end }) => {
    const tokens = target.slice(start, end);
    const starts = tokens.flatMap((token) => token.start ?? []);
    const ends = tokens.flatMap((token) => token.end ?? []);
    const from = Math.max(0, Math.min(...starts, texts.target.length) - before);
    const to = Math.max(from, Math.max(...ends, 0) - before);
    return { start: from, end: to, text: generatedText.slice(from, to), first: start, last: end - 1 };
  });
  const range = { start: spans[0].start, end: spans[spans.length - 1].end };
  return { ...input, sequence: { ...sequence, ...range, spans }, targetSpans };
}

/** Target positions of each span, ascending. */
function spansOf(input: Input, asked: TargetSpans, index: number): Span[] {
  const { start, end } = input.sequence;
  const { unit, locale } = asked;
  const within = (spans: readonly Span[]): Span[] =>
    spans
      .map((span) => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) }))
      .filter((span) => span.start < span.end);
  if (unit === 'sequence') return [{ start, end }];
  const given = asked.spans?.[index];
  if (given !== undefined) return givenSpans(input, unit, given);
  const { target, texts } = input;
  const fault = (message: string) => new AttributionError('invalid_span', message, '#/target_spans/locale');
  const segments =
    unit === 'tokens'
      ? []
      : segmentSpans(target, texts.target, makeSegmenter(locale, unit === 'words' ? 'word' : 'sentence', fault));
  // A token that is none of the text, such as the end of the sequence, is no word.
  const found = within(coveringSpans(segments, target.length)).filter(
    (span) => unit === 'tokens' || target.slice(span.start, span.end).some((token) => token.start !== null),
  );
  if (found.length > 0) return found;
  throw new AttributionError('empty_span', `the attributed tokens hold none of the ${unit}`, '#/target_spans');
}

function givenSpans(input: Input, unit: TargetSpans['unit'], given: readonly [number, number][]): Span[] {
  const { start, end } = input.sequence;
  const fault = (at: number, message: string) =>
    new AttributionError('invalid_span', `the span [${given[at].join(', ')}] ${message}`, '#/target_spans/spans');
  const spans = given.map(([from, to], at) => {
    const span = unit === 'tokens' ? { start: from, end: to } : tokensOfCharacters(input, from, to);
    if (span === null) {
      throw fault(at, `holds no token of the answer, which has ${input.generatedText.length} characters`);
    }
    if (span.start < start || span.end > end) {
      const which = unit === 'tokens' ? '' : `(target positions ${span.start} to ${span.end}) `;
      throw fault(at, `${which}is not within the attributed tokens, which are the target positions ${start} to ${end}`);
    }
    return span;
  });
  spans.forEach((span, at) => {
    if (at === 0 || span.start >= spans[at - 1].end) return;
    const token = input.target[span.start].token;
    throw fault(at, `and the one before it share the token ${JSON.stringify(token)}: part them between tokens`);
  });
  return spans;
}

/** The tokens that hold any of the characters from .. to - 1 of the answer; null: none. */
function tokensOfCharacters({ target, texts, generatedText, sequence }: Input, from: number, to: number): Span | null {
  if (to > generatedText.length) return null;
  const before = texts.target.length - generatedText.length;
  const holds = target.map(({ start, end }, position) => {
    if (start === null || end === null || position < sequence.start) return false;
    return start < before + to && end > before + from;
  });
  const first = holds.indexOf(true);
  return first < 0 ? null : { start: first, end: holds.lastIndexOf(true) + 1 };
}
