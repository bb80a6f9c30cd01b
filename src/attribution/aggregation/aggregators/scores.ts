/** Reduces the last axis to one number: embedding dimensions, heads, or layers. */

import { type Static, Type } from 'typebox';
import type { ScoreArray, SequenceAttribution } from '../../scores.ts';
import { type Aggregator, argumentFault, defineAggregator } from '../aggregator.ts';
import { normalizeColumns, reduceLast, rescale, takeLast } from '../arrays.ts';
import { FUNCTIONS, type FunctionName, functionSchema, reduction } from '../functions.ts';
import { mapValues } from '../merge.ts';

/** A unit, a list of units, or a range of them. */
type Selection = number | number[] | { start: number; end: number } | null;

const unit = Type.Integer();
const OPTIONS = {
  vnorm_ord: Type.Number({ exclusiveMinimum: 0, default: 2, description: 'Order of the vector norm.' }),
  normalize: Type.Boolean({
    default: true,
    description: "Divide each generated token's scores by the sum of their absolute values over all tokens.",
  }),
  rescale: Type.Boolean({
    default: false,
    description: 'Divide all scores by the largest absolute value; only with "normalize": false.',
  }),
  select_idx: Type.Unsafe<Selection>({
    ...Type.Union([
      unit,
      Type.Array(unit, { minItems: 1, uniqueItems: true }),
      Type.Object({ start: unit, end: unit }, { additionalProperties: false }),
      Type.Null(),
    ]),
    default: null,
    description:
      'Units of the last axis (dimensions, heads, layers) to use: a list, or {"start", "end"} with the end ' +
      'exclusive. One number takes that unit alone, without a function. Negative: from the end. null: all.',
  }),
};

const Args = Type.Object(
  { aggregate_fn: functionSchema('"vnorm" for embedding dimensions, else "mean"'), ...OPTIONS },
  { additionalProperties: false },
);
type Args = Static<typeof Args>;

const scores = defineAggregator({
  id: 'scores',
  name: 'Scores',
  description: 'Reduces the last axis of raw scores to one number: embedding dimensions, heads or layers.',
  argsSchema: Args,
  apply: (sequence, args) => aggregateScores(sequence, args),
});

/** `scores` with one function, under the function's name, as in Inseq. */
export function scoresBy(fn: FunctionName): Aggregator {
  return defineAggregator({
    id: fn,
    name: `Scores by ${fn}`,
    description: `Reduces the last axis of raw scores to one number: ${FUNCTIONS[fn]}.`,
    argsSchema: Type.Object(OPTIONS, { additionalProperties: false }),
    apply: (sequence, args) => aggregateScores(sequence, { ...args, aggregate_fn: fn }),
  });
}

export default scores;

function aggregateScores(sequence: SequenceAttribution, args: Args): SequenceAttribution {
  if (args.normalize && args.rescale) {
    throw argumentFault('rescale', 'only one of normalize and rescale can be true: set "normalize": false to rescale');
  }
  const { sourceAttributions, targetAttributions } = sequence;
  const axes = (sourceAttributions ?? targetAttributions)?.shape.length ?? 2;
  const sides = [sourceAttributions, targetAttributions].flatMap((side) => side ?? []);
  const fn = args.aggregate_fn ?? (sequence.kind === 'granular' ? 'vnorm' : 'mean');
  const reduced = axes < 3 ? sides : sides.map((side) => aggregateLast(side, fn, args));
  const scaled = args.normalize ? normalizeColumns(reduced) : args.rescale ? rescale(reduced) : reduced;
  return {
    ...sequence,
    sourceAttributions: sourceAttributions && scaled[0],
    targetAttributions: targetAttributions && scaled[scaled.length - 1],
    sequenceScores: mapValues(sequence.sequenceScores, (array) =>
      array.shape.length < 3 ? array : aggregateLast(array, fn, args),
    ),
    ...(sequence.axes && { axes: sequence.axes.slice(0, -1) }),
  };
}

function aggregateLast(array: ScoreArray, fn: FunctionName, args: Args): ScoreArray {
  const units = selected(args.select_idx, array.shape[array.shape.length - 1]);
  const taken = units === null ? array : takeLast(array, units);
  if (typeof args.select_idx === 'number') return reduceLast(taken, reduction('sum'));
  return reduceLast(taken, reduction(fn, args.vnorm_ord));
}

/** Units of an axis of `size`, from 0; null: all. */
function selected(selection: Selection, size: number): number[] | null {
  if (selection === null) return null;
  const fromStart = (at: number) => (at < 0 ? size + at : at);
  if (typeof selection === 'number' || Array.isArray(selection)) {
    return [selection].flat().map((at) => {
      if (at >= -size && at < size) return fromStart(at);
      throw argumentFault('select_idx', `there is no unit ${at}: the last axis has ${size} units, 0 to ${size - 1}`);
    });
  }
  const [start, end] = [fromStart(selection.start), fromStart(selection.end)];
  if (start < 0 || end > size || start >= end) {
    throw argumentFault(
      'select_idx',
      `the range ${selection.start} to ${selection.end} is not within the ${size} units of the last axis`,
    );
  }
  return Array.from({ length: end - start }, (_, i) => start + i);
}
