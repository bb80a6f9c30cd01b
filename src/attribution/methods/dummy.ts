/** No attribution: for requests that only want step scores. */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';

export default defineMethod({
  id: 'dummy',
  name: 'No attribution',
  description: 'Computes only the step scores.',
  paper: null,
  argsSchema: Type.Object({}, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: {},

  async attribute() {
    return { kind: 'granular', source: null, target: null };
  },
});
