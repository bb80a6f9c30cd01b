import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import type { Method } from '../method.ts';
import { gradientScores } from './parts/granular.ts';

/** Saliency (Simonyan et al. 2013, section 3): the gradient of the score with respect to each token's embedding. */
const saliency: Method = {
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

  async attribute({ passes, args, attributeTarget }) {
    const absolute = args.abs !== false;
    const { source, target } = await gradientScores(passes, attributeTarget, (gradient) =>
      absolute ? tf.abs(gradient) : gradient,
    );
    return { kind: 'granular', source, target };
  },
};

export default saliency;
