/** Weighs every generated token's scores by one of its step scores: Inseq's `weight_attributions`. */

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
  description: "Multiplies every generated token's scores by one of its step scores, such as its probability.",
  argsSchema: Args,
  apply(sequence, args) {
    const { step_score } = args;
    const weights = sequence.stepScores[step_score];
    if (weights === undefined) {
      const known = Object.keys(sequence.stepScores).join(', ') || 'none';
      throw argumentFault('step_score', `there is no step score "${step_score}"; the request asks for: ${known}`);
    }
    const { sourceAttributions, targetAttributions } = sequence;
    return {
      ...sequence,
      sourceAttributions: sourceAttributions && weigh(sourceAttributions, weights),
      targetAttributions: targetAttributions && weigh(targetAttributions, weights),
    };
  },
});

export default weight;

function weigh({ shape, data }: ScoreArray, weights: Float32Array): ScoreArray {
  const [, steps, ...rest] = shape;
  const inner = rest.reduce((product, size) => product * size, 1);
  return { shape, data: data.map((value, i) => value * weights[Math.floor(i / inner) % steps]) };
}
