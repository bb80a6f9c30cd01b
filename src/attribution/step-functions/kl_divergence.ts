/**
 * KL divergence: how far the prediction moves when the contrast inputs replace the original ones. KL(P || P_contrast)
 * is taken over the tokens that top_p and then top_k keep of the sum of both logits, as in Inseq's PECoRe (Sarti et al. 2024).
 * The filter is a constant of the gradient.
 */

import { Type } from 'typebox';
import { asConstant } from '../../tensors/ops.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import { AttributionError } from '../errors.ts';
import { defineStepFunction } from '../step-function.ts';
import { bothSides, CONTRAST_PASSES, contrastArgs, contrastSide, rowsOf } from './parts/contrast.ts';
import { klDivergence } from './parts/logits.ts';
import { nucleusMask, topKMask } from './parts/nucleus.ts';

const klDivergenceFunction = defineStepFunction({
  id: 'kl_divergence',
  name: 'KL divergence',
  description: 'Kullback-Leibler divergence of the prediction from the one after the contrast inputs, in nats.',
  paper: {
    title: 'Quantifying the Plausibility of Context Reliance in Neural Machine Translation',
    url: 'https://arxiv.org/abs/2310.01188',
  },
  argsSchema: contrastArgs({
    top_k: Type.Integer({ minimum: 0, default: 0, description: 'Compare only the k most probable tokens; 0: all.' }),
    top_p: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1,
      description: 'Compare only the nucleus that holds this probability.',
    }),
    min_tokens_to_keep: Type.Integer({ minimum: 1, default: 1, description: 'Fewest tokens that the filters keep.' }),
  }),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'sum',
  async prepare(context, args) {
    const { logits, runs } = await contrastSide(context, args);
    const filter = { topK: args.top_k, topP: args.top_p, atLeast: args.min_tokens_to_keep };
    const divergence = (own: Tensor2D, other: Tensor2D): Tensor1D =>
      klDivergence(own, other, keptTokens(own, other, filter));
    if (runs !== null) return bothSides(runs, (rows, other) => divergence(rows.logits, other));
    if (logits === null) {
      throw new AttributionError(
        'invalid_contrast',
        'kl_divergence as attributed_fn compares two predictions and needs contrast_force_inputs: true',
        '/contrast_force_inputs',
      );
    }
    return (rows) => divergence(rows.logits, rowsOf(logits, rows));
  },
});

interface Filter {
  topK: number;
  topP: number;
  atLeast: number;
}

/** Mask [rows, vocab] of the tokens to compare; null: all. */
function keptTokens(logits: Tensor2D, others: Tensor2D, { topK, topP, atLeast }: Filter): Tensor2D | null {
  if (topP >= 1 && (topK <= 0 || topK >= logits.shape[1])) return null;
  const merged = tf.add(logits, others);
  return asConstant(merged, (x) =>
    tf.mul(nucleusMask(x as Tensor2D, topP, atLeast), topKMask(x as Tensor2D, topK <= 0 ? 0 : Math.max(topK, atLeast))),
  ) as Tensor2D;
}

export default klDivergenceFunction;
