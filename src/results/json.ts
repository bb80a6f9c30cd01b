/** Scores as the contract's `ResultSequence`: nested lists, null for what does not apply, seven significant digits. */

import type { ScoreArray, SequenceAttribution, TargetSpan, Token } from '../attribution/scores.ts';
import type { ResultSequence, ResultToken, Scores } from '../contract/result.ts';
import type { TargetSpan as WireSpan } from '../contract/target-spans.ts';

/** The wire form of one sequence, aggregated or raw. */
export function toResultSequence(sequence: SequenceAttribution): ResultSequence {
  const { sourceAttributions, targetAttributions, convergenceDelta, axes, layers, diagnostics, topAlternatives } =
    sequence;
  const { targetSpans } = sequence;
  return {
    source: sequence.source.map(toResultToken),
    target: sequence.target.map(toResultToken),
    attr_pos_start: sequence.attrPosStart,
    attr_pos_end: sequence.attrPosEnd,
    source_attributions: sourceAttributions && matrix(sourceAttributions),
    target_attributions: targetAttributions && matrix(targetAttributions),
    step_scores: mapValues(sequence.stepScores, list),
    sequence_scores: mapValues(sequence.sequenceScores, matrix),
    convergence_delta: convergenceDelta && list(convergenceDelta),
    ...(topAlternatives && {
      top_alternatives: topAlternatives.map((step) =>
        step.map((likely) => ({ ...likely, probability: toWire(likely.probability) ?? 0 })),
      ),
    }),
    ...(targetSpans && { target_spans: targetSpans.map(toWireSpan) }),
    ...(axes !== undefined && axes.length > 0 && { axes }),
    ...(layers !== undefined && axes?.includes('layer') && { layers }),
    ...(diagnostics && { diagnostics: mapValues(diagnostics, list) }),
  };
}

function toWireSpan({ start, end, text, first, last, score, stepScores }: TargetSpan): WireSpan {
  const place = { attr_pos_start: first, attr_pos_end: last + 1 };
  return { start, end, text, ...place, score: toWire(score), step_scores: mapValues(stepScores, toWire) };
}

function toResultToken({ id, token, start, end, role, forced, contrast }: Token): ResultToken {
  return {
    id,
    token,
    start,
    end,
    ...(role !== undefined && { role }),
    ...(forced !== undefined && { forced }),
    ...(contrast !== undefined && { contrast }),
  };
}

function mapValues<V, W>(record: Record<string, V>, of: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
}

const list = (values: Float32Array): (number | null)[] => Array.from(values, toWire);

/** [tokens][steps], and further axes within. */
function matrix({ shape, data }: ScoreArray): Scores[][] {
  let at = 0;
  const nest = (axis: number): Scores => {
    if (axis === shape.length) return toWire(data[at++]);
    const items = new Array<Scores>(shape[axis]);
    for (let i = 0; i < items.length; i++) items[i] = nest(axis + 1);
    return items;
  };
  return nest(0) as Scores[][];
}

const DIGITS = 7;
/** Powers of ten that a double holds exactly. */
const EXACT = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** Seven significant digits, which is what a float32 holds; null for NaN and infinities, which JSON has no word for. */
export function toWire(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (value === 0) return 0;
  const exponent = DIGITS - 1 - Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= 0 && exponent < EXACT.length) return Math.round(value * EXACT[exponent]) / EXACT[exponent];
  return Number(value.toPrecision(DIGITS));
}
