/** In-context pointwise V-usable information (Lu et al. 2023), with Inseq's sign: pcxmi in nats. */

import { tf } from '../../tensors/tf.ts';
import { defineStepFunction } from '../step-function.ts';
import { CONTRAST_PASSES, contrastArgs, contrastScorer } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const inContextPvi = defineStepFunction({
  id: 'in_context_pvi',
  name: 'In-context PVI',
  description: '-ln p + ln p_contrast, in nats: negative where the context helped to predict the token.',
  paper: {
    title: 'Measuring Pointwise V-Usable Information In-Context-ly',
    url: 'https://arxiv.org/abs/2310.12300',
  },
  argsSchema: contrastArgs({}),
  differentiable: true,
  passes: CONTRAST_PASSES,
  spanAggregation: 'absmax',
  prepare: (context, args) =>
    contrastScorer(context, args, logProbability, (rows, other) =>
      tf.sub(other, logProbability(rows.logits, rows.targets)),
    ),
});

export default inContextPvi;
