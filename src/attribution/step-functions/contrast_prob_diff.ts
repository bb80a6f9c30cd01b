/**
 * By how much the generated token is more probable than the contrast token: which inputs speak for the one and not
 * for the other. Both terms are differentiated.
 */

import { type Tensor1D, tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer, LOGPROB } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const contrastProbDiff = defineStepFunction({
  id: 'contrast_prob_diff',
  name: 'Contrast probability difference',
  description: "The generated token's probability minus the contrast token's; with logprob the log-odds, in nats.",
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
    return contrastScorer(context, args, logProbability, (rows, other) =>
      tf.sub(unit(logProbability(rows.logits, rows.targets)), unit(other)),
    );
  },
});

export default contrastProbDiff;
