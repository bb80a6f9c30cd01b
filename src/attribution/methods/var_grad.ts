/**
 * VarGrad (Adebayo et al. 2018): the variance (over all samples, divided by their number) of the gradients at copies of the
 * input with Gaussian noise on their embeddings.
 */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';
import { NOISE_ARGS, noisyScores } from './parts/noisy-gradients.ts';

export default defineMethod({
  id: 'var_grad',
  name: 'VarGrad',
  description:
    'The variance of the gradients at noisy copies of the embeddings: large where the sensitivity itself changes.',
  paper: {
    title: 'Local Explanation Methods for Deep Neural Networks Lack Sensitivity to Parameter Values',
    url: 'https://arxiv.org/abs/1810.03307',
  },
  argsSchema: Type.Object(NOISE_ARGS, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 'n_samples' },

  attribute(task) {
    return noisyScores(task, ({ variance }) => variance);
  },
});
