/** Input x gradient (Shrikumar et al. 2016, section 2): the first-order effect of each embedding on the score. */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineMethod } from '../method.ts';
import { gradientScores } from './parts/granular.ts';

export default defineMethod({
  id: 'input_x_gradient',
  name: 'Input x gradient',
  description: "Each embedding times the score's gradient there: the token's share of a linear approximation.",
  paper: {
    title: 'Not Just a Black Box: Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1605.01713',
  },
  argsSchema: Type.Object({}, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 1 },

  attribute: (task) => gradientScores(task, (gradient, features) => tf.mul(gradient, features)),
});
