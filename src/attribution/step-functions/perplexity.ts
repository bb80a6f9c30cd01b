import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import type { StepFunction } from '../step-function.ts';
import { logProbability } from './parts/logits.ts';

/**
 * The exponential of the cross-entropy: 1 / p, as in Inseq 0.4.0. Inseq 0.7.1 takes 2 to the power of the
 * cross-entropy in nats, which is neither unit's perplexity; its numbers are had with base 2.
 */
const perplexity: StepFunction = {
  id: 'perplexity',
  name: 'Perplexity',
  description: "The generated token's perplexity, the exponential of its cross-entropy: 1 / p.",
  paper: null,
  argsSchema: Type.Object(
    {
      base: Type.Unsafe<'e' | 2>({
        ...Type.Union([Type.Literal('e'), Type.Literal(2)]),
        default: 'e',
        description: 'What is raised to the cross-entropy in nats; 2 gives the numbers of Inseq 0.7.1.',
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
};

export default perplexity;
