/**
 * An operator's own method: WHENCE_PLUGINS=examples/plugins/recency.ts makes it one of GET /methods. It looks at nothing
 * but positions, and so is the null model that attributions of generated text should be compared with.
 */

import type { Method } from '../../src/attribution/method.ts';

const recency: Method = {
  id: 'recency',
  name: 'Recency',
  description: 'Half the score for each token further back from the generated one, whatever the model: a null model.',
  paper: null,
  argsSchema: {
    type: 'object',
    properties: {
      decay: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.5, description: 'Factor per token.' },
    },
    additionalProperties: false,
  },
  appliesTo: ['decoder-only'],
  // Gradients and copies of the model are offered by task.passes; this method asks for none.
  needsGradient: false,
  async attribute({ passes, args }) {
    const { read, steps, length } = passes;
    // [tokens, steps]; NaN: the token comes after the step.
    const data = new Float32Array((length + 1) * steps).fill(Number.NaN);
    read.forEach((last, step) => {
      for (let token = 0; token <= last; token++) data[token * steps + step] = Number(args.decay) ** (last - token);
    });
    return { kind: 'coarse', source: null, target: { shape: [length + 1, steps], data } };
  },
};

export default recency;
