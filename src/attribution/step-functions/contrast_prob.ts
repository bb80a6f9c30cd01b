import { tf } from '../../tensors/tf.ts';
import { contrastArgs, contrastTerm, LOGPROB } from '../contrast.ts';
import { logProbability } from '../logits.ts';
import type { StepFunction } from '../step-function.ts';

/** The probability of the contrast token, or its natural logarithm. */
const contrastProb: StepFunction = {
  id: 'contrast_prob',
  name: 'Contrast probability',
  description: "The contrast token's probability; with logprob its natural logarithm, in nats.",
  paper: {
    title: 'Interpreting Language Models with Contrastive Explanations',
    url: 'https://arxiv.org/abs/2202.10419',
  },
  argsSchema: contrastArgs(LOGPROB),
  differentiable: true,
  spanAggregation: 'prod',
  prepare(context, args) {
    const term = contrastTerm(context, args, logProbability);
    return args.logprob === true ? term : (rows) => tf.exp(term(rows));
  },
};

export default contrastProb;
