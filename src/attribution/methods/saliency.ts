/** Saliency (Simonyan et al. 2013, section 3): the gradient of the score with respect to each token's embedding. */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineMethod } from '../method.ts';
import { gradientScores } from './parts/granular.ts';

export default defineMethod({
  id: 'saliency',
  name: 'Saliency',
  description: 'The gradient of the score with respect to each embedding: how sensitive the score is to a token.',
  paper: {
    title: 'Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps',
    url: 'https://arxiv.org/abs/1312.6034',
  },
  argsSchema: Type.Object(
    { abs: Type.Boolean({ default: true, description: 'Take absolute values of the gradient.' }) },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 1 },

  attribute(task) {
    return gradientScores(task, (gradient) => (task.args.abs ? tf.abs(gradient) : gradient));
  },
});
