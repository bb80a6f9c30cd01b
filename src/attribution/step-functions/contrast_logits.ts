/** The logit of the contrast token. */

import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer } from './parts/contrast.ts';
import { pick } from './parts/logits.ts';

const contrastLogits = defineStepFunction({
  id: 'contrast_logits',
  name: 'Contrast logit',
  description: "The contrast token's logit.",
  paper: {
    title: 'Interpreting Language Models with Contrastive Explanations',
    url: 'https://arxiv.org/abs/2202.10419',
  },
  argsSchema: contrastArgs({}),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'absmax',
  prepare: (context, args) => contrastScorer(context, args, pick, null),
});

export default contrastLogits;
