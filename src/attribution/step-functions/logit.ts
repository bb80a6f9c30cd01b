/** The model's raw score of the generated token. */

import { Type } from 'typebox';
import { defineStepFunction } from '../step-function.ts';
import { pick } from './parts/logits.ts';

const logit = defineStepFunction({
  id: 'logit',
  name: 'Logit',
  description: "The generated token's logit: the model's score before the softmax.",
  paper: null,
  argsSchema: Type.Object({}, { additionalProperties: false }),
  differentiable: true,
  spanAggregation: 'absmax',
  prepare: () => (rows) => pick(rows.logits, rows.targets),
});

export default logit;
