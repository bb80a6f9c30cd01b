/** By how much the generated token's logit exceeds that of the contrast token. Both terms are differentiated. */

import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer } from './parts/contrast.ts';
import { pick } from './parts/logits.ts';

const contrastLogitsDiff = defineStepFunction({
  id: 'contrast_logits_diff',
  name: 'Contrast logit difference',
  description: "The generated token's logit minus the contrast token's: positive where the model prefers the first.",
  paper: {
    title: 'Interpreting Language Models with Contrastive Explanations',
    url: 'https://arxiv.org/abs/2202.10419',
  },
  argsSchema: contrastArgs({}),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'absmax',
  prepare: (context, args) =>
    contrastScorer(context, args, pick, (rows, other) => tf.sub(pick(rows.logits, rows.targets), other)),
});

export default contrastLogitsDiff;
