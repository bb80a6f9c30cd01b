/**
 * An operator's own step function: WHENCE_PLUGINS=examples/plugins/token_rank.ts makes it one of GET /step-functions.
 * A module path in the configuration adds a `StepFunction` or a `Method` (src/attribution/method.ts); requests can
 * name what was loaded at start and nothing else.
 */

import { defineStepFunction } from '../../src/attribution/step-function.ts';
import { tf } from '../../src/tensors/tf.ts';

export default defineStepFunction({
  id: 'token_rank',
  name: 'Token rank',
  description: 'How many tokens the model found at least as probable as the generated one: 1 for its first choice.',
  paper: null,
  argsSchema: { type: 'object', properties: {}, additionalProperties: false },
  // Counting has no gradient: usable as step score, and as attributed function of perturbation methods.
  differentiable: false,
  spanAggregation: 'absmax',
  prepare: () => (rows) => {
    const vocab = rows.logits.shape[1];
    const values = rows.logits.dataSync() as Float32Array;
    const ranks = Array.from(rows.targets, (id, row) => {
      const logits = values.subarray(row * vocab, (row + 1) * vocab);
      return logits.reduce((count, logit) => count + (logit >= logits[id] ? 1 : 0), 0);
    });
    return tf.tensor1d(ranks);
  },
});
