/** The size of the nucleus (Holtzman et al. 2020): how many tokens share the probability top_p. */

import { Type } from 'typebox';
import { defineStepFunction } from '../step-function.ts';
import { nucleusSizes } from './parts/nucleus.ts';

const topPSize = defineStepFunction({
  id: 'top_p_size',
  name: 'Nucleus size',
  description: 'How many of the most probable tokens it takes to hold the probability top_p.',
  paper: { title: 'The Curious Case of Neural Text Degeneration', url: 'https://arxiv.org/abs/1904.09751' },
  argsSchema: Type.Object(
    { top_p: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'Probability that the nucleus holds.' }) },
    { additionalProperties: false },
  ),
  differentiable: false,
  spanAggregation: 'absmax',
  prepare(_context, args) {
    return ({ logits }) => nucleusSizes(logits, args.top_p);
  },
});

export default topPSize;
