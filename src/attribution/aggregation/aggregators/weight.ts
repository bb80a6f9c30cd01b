/** Weighs the scores of every generated token, or span, by one of its step scores: Inseq's `weight_attributions`. */

import { Type } from 'typebox';
import type { ScoreArray } from '../../scores.ts';
import { argumentFault, defineAggregator } from '../aggregator.ts';

const Args = Type.Object(
  { step_score: Type.String({ default: 'probability', description: 'One of the step scores of the request.' }) },
  { additionalProperties: false },
);

const weight = defineAggregator({
  id: 'weight',
  name: 'Weight',
  description:
    'Multiplies the scores of every generated token, or span, by one of its step scores, such as its probability.',
  argsSchema: Args,
  apply(sequence, args) {
    const { step_score } = args;
    const weights = sequence.stepScores[step_score];
    if (weights === undefined) {
      const known = Object.keys(sequence.stepScores).join(', ') || 'none';
      throw argumentFault('step_score', `there is no step score "${step_score}"; the request asks for: ${known}`);
    }
    const { sourceAttributions, targetAttributions, targetSpans } = sequence;
    const ofColumns = targetSpans?.map((span) => span.stepScores[step_score]) ?? weights;
    return {
      ...sequence,
      sourceAttributions: sourceAttributions && weigh(sourceAttributions, ofColumns),
      targetAttributions: targetAttributions && weigh(targetAttributions, ofColumns),
    };
  },
});

export default weight;

function weigh({ shape, data }: ScoreArray, weights: ArrayLike<number>): ScoreArray {
  const [, columns, ...rest] = shape;
  const inner = rest.reduce((product, size) => product * size, 1);
  return { shape, data: data.map((value, i) => value * weights[Math.floor(i / inner) % columns]) };
}
