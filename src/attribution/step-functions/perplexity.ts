/**
 * Perplexity: the exponential of the cross-entropy, 1 / p, as in Inseq 0.4.0. Inseq 0.7.1 takes 2 to the power of the
 * cross-entropy in nats, which is neither unit's perplexity; base 2 gives its numbers.
 */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { logProbability } from './parts/logits.ts';

const perplexity = defineStepFunction({
  id: 'perplexity',
  name: 'Perplexity',
  description: "The generated token's perplexity, the exponential of its cross-entropy: 1 / p.",
  paper: null,
  argsSchema: Type.Object(
    {
      base: Type.Union([Type.Literal('e'), Type.Literal(2)], {
        default: 'e',
        description: 'Base raised to the cross-entropy in nats; 2 gives the numbers of Inseq 0.7.1.',
      }),
    },
    { additionalProperties: false },
  ),
  differentiable: true,
  spanAggregation: 'prod',
  prepare(_context, args) {
    const power = args.base === 2 ? -Math.LN2 : -1;
    return (rows) => tf.exp(tf.mul(logProbability(rows.logits, rows.targets), power));
  },
});

export default perplexity;
