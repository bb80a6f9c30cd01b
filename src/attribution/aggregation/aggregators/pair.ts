/** The change from one text of the request to another, such as the other half of a minimal pair. */

import { Type } from 'typebox';
import type { ScoreArray, SequenceAttribution, TargetSpan, Token } from '../../scores.ts';
import { argumentFault, defineAggregator } from '../aggregator.ts';
import { combine } from '../arrays.ts';
import { mapValues } from '../merge.ts';

const Args = Type.Object(
  {
    paired: Type.Integer({
      minimum: 0,
      description: 'Index of the other text in the same request. Both must have the same number of tokens.',
    }),
  },
  { additionalProperties: false },
);

const pair = defineAggregator({
  id: 'pair',
  name: 'Pair',
  description:
    'Replaces the scores of every text by their difference from those of another text of the request (other - own). ' +
    'That text keeps its scores.',
  argsSchema: Args,
  apply(sequence, args, _context, { index, sequences }) {
    const { paired } = args;
    const other = sequences[paired];
    if (other === undefined) {
      const why = paired < sequences.length ? `text ${paired} failed` : `there is no text ${paired}`;
      throw argumentFault('paired', `${why}: the request has ${sequences.length}, counted from 0`);
    }
    if (paired === index) return sequence;
    checkShapes(sequence, other, `texts ${index} and ${paired}`);
    return difference(sequence, other);
  },
});

export default pair;

function difference(own: SequenceAttribution, other: SequenceAttribution): SequenceAttribution {
  const scores = (a: ScoreArray | null, b: ScoreArray | null) => a && b && combine(a, b, (x, y) => y - x);
  const perStep = (a: Float32Array, b: Float32Array | null | undefined) =>
    a.map((value, i) => (b?.[i] ?? Number.NaN) - value);
  const { convergenceDelta, targetSpans } = own;
  return {
    ...own,
    source: pairTokens(own.source, other.source),
    target: pairTokens(own.target, other.target),
    sourceAttributions: scores(own.sourceAttributions, other.sourceAttributions),
    targetAttributions: scores(own.targetAttributions, other.targetAttributions),
    stepScores: mapValues(own.stepScores, (values, name) => perStep(values, other.stepScores[name])),
    sequenceScores: mapValues(own.sequenceScores, (array, name) =>
      combine(array, other.sequenceScores[name], (x, y) => y - x),
    ),
    convergenceDelta: convergenceDelta && perStep(convergenceDelta, other.convergenceDelta),
    ...(targetSpans && { targetSpans: targetSpans.map((span, at) => pairSpans(span, other.targetSpans?.[at])) }),
  };
}

/** The text itself with the differences of the scores that were attributed. */
function pairSpans(own: TargetSpan, other: TargetSpan | undefined): TargetSpan {
  return {
    ...own,
    score: (other?.score ?? Number.NaN) - own.score,
    stepScores: mapValues(own.stepScores, (score, name) => (other?.stepScores[name] ?? Number.NaN) - score),
  };
}

/** Both tokens where they differ: "cat → dog". */
function pairTokens(own: readonly Token[], other: readonly Token[]): Token[] {
  return own.map((token, at) =>
    token.token === other[at].token ? token : { ...token, id: -1, token: `${token.token} → ${other[at].token}` },
  );
}

function checkShapes(own: SequenceAttribution, other: SequenceAttribution, which: string): void {
  const check = (what: string, a: readonly number[] | undefined, b: readonly number[] | undefined) => {
    if (a?.join() === b?.join()) return;
    throw argumentFault('paired', `${which} cannot be compared: ${what} ${a?.join(' x ')} and ${b?.join(' x ')}`);
  };
  check('numbers of source tokens', [own.source.length], [other.source.length]);
  check('numbers of target tokens', [own.target.length], [other.target.length]);
  check('first attributed tokens', [own.attrPosStart], [other.attrPosStart]);
  check('source attributions', own.sourceAttributions?.shape, other.sourceAttributions?.shape);
  check('target attributions', own.targetAttributions?.shape, other.targetAttributions?.shape);
  for (const [name, { shape }] of Object.entries(own.sequenceScores)) {
    check(name, shape, other.sequenceScores[name]?.shape);
  }
}
