/** Merges the tokens of spans: in the token lists, in the rows and in the columns of every score. */

import type { ScoreArray, SequenceAttribution, TargetSpan, Token } from '../scores.ts';
import { coveringSpans, type Span } from '../spans.ts';
import type { AggregationContext } from './aggregator.ts';
import { mergeAxis } from './arrays.ts';
import { type FunctionName, reduction } from './functions.ts';

/** Spans of positions to merge, ascending and apart from each other; what no span covers stays. */
export interface Spans {
  source: readonly Span[];
  target: readonly Span[];
}

/**
 * Merges first the columns (generated tokens) and then the rows (attributed tokens) of each span. A span that begins in
 * the prompt and ends in the generated text makes one generated token. Columns that are spans themselves stay.
 * @param fn - null: `absmax` for attributions, and for step scores what their step function names
 */
export function mergeSpans(
  sequence: SequenceAttribution,
  spans: Spans,
  fn: FunctionName | null,
  context: AggregationContext,
): SequenceAttribution {
  const source = coveringSpans(spans.source, sequence.source.length);
  const target = coveringSpans(spans.target, sequence.target.length);
  const { attrPosStart, attrPosEnd } = sequence;
  const steps = within(target, attrPosStart, attrPosEnd);
  const { targetSpans } = sequence;
  const columns = targetSpans?.map((_, at) => ({ start: at, end: at + 1 })) ?? steps;
  const reduce = reduction(fn ?? 'absmax');
  const merge = (scores: ScoreArray, rows: readonly Span[], columns: readonly Span[]) =>
    mergeAxis(mergeAxis(scores, 1, columns, reduce), 0, within(rows, 0, scores.shape[0]), reduce);
  const merged = (values: Float32Array, name: FunctionName, groups = steps) =>
    mergeAxis({ shape: [values.length], data: values }, 0, groups, reduction(name)).data;

  const { sourceAttributions, targetAttributions, convergenceDelta, diagnostics, topAlternatives } = sequence;
  return {
    ...sequence,
    source: mergeTokens(sequence.source, source, context.texts.source ?? ''),
    target: mergeTokens(sequence.target, target, context.texts.target),
    attrPosStart: target.findIndex(({ end }) => end > attrPosStart),
    attrPosEnd: target.findIndex(({ end }) => end >= attrPosEnd) + 1,
    sourceAttributions: sourceAttributions && merge(sourceAttributions, source, columns),
    targetAttributions: targetAttributions && merge(targetAttributions, target, columns),
    stepScores: mapValues(sequence.stepScores, (values, name) =>
      merged(values, fn ?? context.spanAggregation[name] ?? 'absmax'),
    ),
    sequenceScores: mapValues(sequence.sequenceScores, (scores, name) => {
      if (name.startsWith('encoder')) return merge(scores, source, source);
      return merge(scores, name.startsWith('decoder') ? target : source, columns);
    }),
    convergenceDelta: convergenceDelta && merged(convergenceDelta, 'absmax', columns),
    ...(topAlternatives && { topAlternatives: steps.map(({ start }) => topAlternatives[start]) }),
    ...(diagnostics && { diagnostics: mapValues(diagnostics, (values) => merged(values, 'absmax', columns)) }),
    ...(targetSpans && { targetSpans: targetSpans.map((span) => placed(span, target)) }),
  };
}

/** A span of tokens among groups of them. */
function placed(span: TargetSpan, groups: readonly Span[]): TargetSpan {
  const at = (position: number): number => groups.findIndex(({ end }) => end > position);
  return { ...span, first: at(span.first), last: at(span.last) };
}

/** The same keys with other values. */
export function mapValues<V, W>(record: Record<string, V>, of: (value: V, key: string) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value, key)]));
}

/** The parts of groups that lie in a range, counted from its start. */
function within(groups: readonly Span[], from: number, to: number): Span[] {
  return groups
    .filter(({ start, end }) => end > from && start < to)
    .map(({ start, end }) => ({ start: Math.max(start, from) - from, end: Math.min(end, to) - from }));
}

function mergeTokens(tokens: readonly Token[], groups: readonly Span[], text: string): Token[] {
  return groups.map(({ start, end }) => {
    const parts = tokens.slice(start, end);
    if (parts.length === 1) return parts[0];
    const starts = parts.flatMap((part) => part.start ?? []);
    const ends = parts.flatMap((part) => part.end ?? []);
    const contrast = mergeContrasts(parts);
    const [first, last] = [parts[0].span, parts[parts.length - 1].span];
    return {
      ...parts[0],
      ...(contrast && { contrast }),
      ...(first && last && { span: { start: first.start, end: last.end } }),
      id: -1,
      token: parts
        .filter((part, k) => !repeats(part, parts[k - 1], text))
        .map(({ token }) => token)
        .join(''),
      start: starts.length > 0 ? Math.min(...starts) : null,
      end: ends.length > 0 ? Math.max(...ends) : null,
    };
  });
}

/** The contrast tokens of merged tokens as one; tokens of the prompt have none. */
function mergeContrasts(parts: readonly Token[]): Token['contrast'] | null {
  const found = parts.flatMap(({ contrast }) => contrast ?? []);
  const distinct = found.filter(({ position }, k) => position !== found[k - 1]?.position);
  if (distinct.length < 2) return distinct[0] ?? null;
  return { id: -1, token: distinct.map(({ token }) => token).join(''), position: distinct[0].position };
}

/** Whether a token shows the same characters as the one before: bytes of one character, shown as the text has it. */
function repeats({ token, start, end }: Token, before: Token | undefined, text: string): boolean {
  if (start === null || end === null || end === start) return false;
  return start === before?.start && end === before.end && token === before.token && token === text.slice(start, end);
}
