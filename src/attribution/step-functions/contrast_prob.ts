/** The probability of the contrast token, or its natural logarithm. */

import { type Tensor1D, tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer, LOGPROB } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const contrastProb = defineStepFunction({
  id: 'contrast_prob',
  name: 'Contrast probability',
  description: "The contrast token's probability; with logprob its natural logarithm, in nats.",
  paper: {
    title: 'Interpreting Language Models with Contrastive Explanations',
    url: 'https://arxiv.org/abs/2202.10419',
  },
  argsSchema: contrastArgs(LOGPROB),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'prod',
  prepare(context, args) {
    const unit = (logs: Tensor1D): Tensor1D => (args.logprob ? logs : tf.exp(logs));
    return contrastScorer(context, args, (logits, ids) => unit(logProbability(logits, ids)), null);
  },
});

export default contrastProb;
