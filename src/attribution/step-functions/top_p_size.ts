/** The size of the nucleus (Holtzman et al. 2020): how many tokens share the probability top_p. */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { keepTopP } from './parts/nucleus.ts';

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
    return ({ logits }) => {
      const [rows, vocab] = logits.shape;
      const values = logits.dataSync() as Float32Array;
      const kept = new Uint8Array(vocab);
      const sizes = Float32Array.from({ length: rows }, (_, row) =>
        keepTopP(values.subarray(row * vocab, (row + 1) * vocab), args.top_p, 1, kept),
      );
      return tf.tensor1d(sizes);
    };
  },
});

export default topPSize;
