/**
 * SmoothGrad squared (Hooker et al. 2019, section 3): the mean of the squared gradients at copies of the input with
 * Gaussian noise on their embeddings.
 */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineMethod } from '../method.ts';
import { NOISE_ARGS, noisyScores } from './parts/noisy-gradients.ts';

export default defineMethod({
  id: 'square_grad',
  name: 'SmoothGrad squared',
  description:
    'The mean of the squared gradients at noisy copies of the embeddings: large where the score is sensitive either way.',
  paper: {
    title: 'A Benchmark for Interpretability Methods in Deep Neural Networks',
    url: 'https://arxiv.org/abs/1806.10758',
  },
  argsSchema: Type.Object(NOISE_ARGS, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 'n_samples' },

  attribute(task) {
    return noisyScores(task, ({ mean, variance }) => tf.add(tf.square(mean), variance));
  },
});
