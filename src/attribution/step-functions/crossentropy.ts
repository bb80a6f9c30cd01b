/**
 * Cross-entropy (surprisal): the negative logarithm of the generated token's probability. Natural, as in Inseq 0.7.1,
 * or with base 2, in bits, as in Inseq 0.4.0.
 */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { logProbability } from './parts/logits.ts';

const crossentropy = defineStepFunction({
  id: 'crossentropy',
  name: 'Cross-entropy',
  description: "The generated token's cross-entropy, -log p, in nats; with base 2 in bits.",
  paper: null,
  argsSchema: Type.Object(
    {
      base: Type.Union([Type.Literal('e'), Type.Literal(2)], {
        default: 'e',
        description: 'Base of the logarithm: "e" for nats, 2 for bits (Inseq 0.4.0).',
      }),
    },
    { additionalProperties: false },
  ),
  differentiable: true,
  spanAggregation: 'sum',
  prepare(_context, args) {
    const unit = args.base === 2 ? -Math.LOG2E : -1;
    return (rows) => tf.mul(logProbability(rows.logits, rows.targets), unit);
  },
});

export default crossentropy;
