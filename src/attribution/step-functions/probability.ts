/** The probability of the generated token, or its natural logarithm. */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { LOGPROB } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const probability = defineStepFunction({
  id: 'probability',
  name: 'Probability',
  description: "The generated token's probability; with logprob its natural logarithm, in nats.",
  paper: null,
  argsSchema: Type.Object(LOGPROB, { additionalProperties: false }),
  differentiable: true,
  spanAggregation: 'prod',
  prepare(_context, args) {
    if (args.logprob) return (rows) => logProbability(rows.logits, rows.targets);
    return (rows) => tf.exp(logProbability(rows.logits, rows.targets));
  },
});

export default probability;
