/**
 * Units of a text that a perturbation method changes as a whole: tokens, words, sentences, windows or given spans. A
 * text costs as many copies as it has units.
 *
 * Every token of a unit has the unit's score, as in Captum's FeatureAblation with a feature mask: no share of it, so that
 * the aggregators `words`, `sentences` and `spans` (with their default `absmax`) give the scores of units again.
 */

import { Type } from 'typebox';
import { AttributionError } from '../../errors.ts';
import type { MethodTask } from '../../method.ts';
import type { Side } from '../../sides.ts';
import { coveringSpans, readSpans, type Span, type SpansArgument, spansSchema } from '../../spans.ts';
import { LOCALE, makeSegmenter, segmentSpans } from '../../text-segments.ts';
import { positionsOf } from './inputs.ts';

/** Arguments of methods that change units. */
export const UNIT_ARGS = {
  units: Type.Union(
    [
      Type.Literal('tokens'),
      Type.Literal('words'),
      Type.Literal('sentences'),
      Type.Literal('windows'),
      Type.Literal('spans'),
    ],
    {
      default: 'tokens',
      description:
        'What is changed as a whole, in one pass each: single tokens, words or sentences (as the aggregators of these ' +
        'names find them), windows of `window_size` tokens, or the given spans and each token outside them. Every ' +
        'token of a unit has the score of the unit.',
    },
  ),
  window_size: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 25,
    description: 'Tokens of a unit, with the units "windows".',
  }),
  locale: LOCALE,
  source_spans: spansSchema('With the units "spans", those of source tokens'),
  target_spans: spansSchema(
    'With the units "spans", those of target tokens; with decoder-only models the prompt counts',
  ),
};

interface UnitArgs {
  units: 'tokens' | 'words' | 'sentences' | 'windows' | 'spans';
  window_size: number;
  locale: string | null;
  source_spans: SpansArgument;
  target_spans: SpansArgument;
}

/**
 * The units of a side, which cover its positions in order; of a unit that reaches over the last position, what is run.
 * @throws {AttributionError} where spans are given for other units, or do not fit the side
 */
export function unitsOf({ passes, args, text }: MethodTask<UnitArgs>, side: Side): Span[] {
  const { units, window_size: size, locale } = args;
  const length = positionsOf(passes)[side];
  const field = `${side}_spans` as const;
  const faultOf = (name: string) => (message: string) =>
    new AttributionError('invalid_units', message, `#/method_args/${name}`);
  if (units !== 'spans' && args[field] !== null) {
    throw faultOf(field)(`${field} is for the units "spans", and units is "${units}": leave one of them out`);
  }
  if (units === 'spans' && args.source_spans === null && args.target_spans === null) {
    throw faultOf('units')('the units "spans" need source_spans or target_spans');
  }
  const within = (spans: readonly Span[]): Span[] =>
    coveringSpans(
      spans.filter(({ start }) => start < length).map(({ start, end }) => ({ start, end: Math.min(end, length) })),
      length,
    );
  if (units === 'spans') return within(readSpans(args[field], text[side].tokens.length, faultOf(field)));
  if (units === 'windows') {
    const starts = Array.from({ length: Math.ceil(length / size) }, (_, window) => window * size);
    return within(starts.map((start) => ({ start, end: start + size })));
  }
  if (units === 'tokens') return within([]);
  const segmenter = makeSegmenter(locale, units === 'words' ? 'word' : 'sentence', faultOf('locale'));
  return within(segmentSpans(text[side].tokens, text[side].text, segmenter));
}

/** Scores of units [units, ...], one after the other, as scores of their tokens: [tokens of the units, ...] */
export function spreadOverTokens(scores: Float32Array, units: readonly Span[]): Float32Array {
  const size = scores.length / units.length;
  const spread = new Float32Array((units.at(-1)?.end ?? 0) * size);
  units.forEach(({ start, end }, unit) => {
    const own = scores.subarray(unit * size, (unit + 1) * size);
    for (let token = start; token < end; token++) spread.set(own, token * size);
  });
  return spread;
}
