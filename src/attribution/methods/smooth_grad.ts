/**
 * SmoothGrad (Smilkov et al. 2017, section 3): the mean of the gradients at copies of the input with Gaussian noise on
 * their embeddings. Signed, as in the paper.
 */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';
import { NOISE_ARGS, noisyScores } from './parts/noisy-gradients.ts';

export default defineMethod({
  id: 'smooth_grad',
  name: 'SmoothGrad',
  description: 'The mean of the gradients at noisy copies of the embeddings: saliency with less noise of its own.',
  paper: {
    title: 'SmoothGrad: removing noise by adding noise',
    url: 'https://arxiv.org/abs/1706.03825',
  },
  argsSchema: Type.Object(NOISE_ARGS, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 'n_samples' },

  attribute(task) {
    return noisyScores(task, ({ mean }) => mean);
  },
});
