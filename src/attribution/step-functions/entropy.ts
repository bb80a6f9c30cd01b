/** Shannon's entropy of the prediction, whatever token was generated. */

import { Type } from 'typebox';
import { defineStepFunction } from '../step-function.ts';
import { entropy as entropyOf } from './parts/logits.ts';

const entropy = defineStepFunction({
  id: 'entropy',
  name: 'Entropy',
  description: 'Entropy of the predicted distribution, in nats: how undecided the model was.',
  paper: {
    title: 'A Mathematical Theory of Communication',
    url: 'https://doi.org/10.1002/j.1538-7305.1948.tb01338.x',
  },
  argsSchema: Type.Object({}, { additionalProperties: false }),
  differentiable: true,
  spanAggregation: 'sum',
  prepare: () => (rows) => entropyOf(rows.logits),
});

export default entropy;
