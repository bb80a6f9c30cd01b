/**
 * An operator's own method: WHENCE_PLUGINS=examples/plugins/recency.ts makes it one of GET /methods. It looks only
 * at positions, and so is a null model that attributions of generated text can be compared with.
 */

import { defineMethod } from '../../src/attribution/method.ts';

export default defineMethod({
  id: 'recency',
  name: 'Recency',
  description: 'Half the score for each token further back from the generated one, whatever the model: a null model.',
  paper: null,
  // Plain JSON Schema or TypeBox: `args` has its type, with defaults filled in.
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
    const { lastRead, columns, length } = passes;
    // A column is a generated token, or a span of them. [tokens, columns]; NaN: the token comes after it.
    const data = new Float32Array((length + 1) * columns).fill(Number.NaN);
    lastRead.forEach((last, column) => {
      for (let token = 0; token <= last; token++) data[token * columns + column] = args.decay ** (last - token);
    });
    return { kind: 'coarse', source: null, target: { shape: [length + 1, columns], data } };
  },
});
