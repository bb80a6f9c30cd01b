/**
 * Pointwise conditional cross-mutual information (Fernandes et al. 2023), with Inseq's sign: negative where the
 * original context makes the token more probable than the contrast one does.
 */

import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const pcxmi = defineStepFunction({
  id: 'pcxmi',
  name: 'P-CXMI',
  description: '-log2(p / p_contrast), in bits: negative where the context helped to predict the token.',
  paper: {
    title: 'When Does Translation Require Context? A Data-driven, Multilingual Exploration',
    url: 'https://arxiv.org/abs/2109.07446',
  },
  argsSchema: contrastArgs({}),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'sum',
  prepare: (context, args) =>
    contrastScorer(context, args, logProbability, (rows, other) =>
      tf.mul(tf.sub(other, logProbability(rows.logits, rows.targets)), Math.LOG2E),
    ),
});

export default pcxmi;
