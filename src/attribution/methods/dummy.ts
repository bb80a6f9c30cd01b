import { Type } from 'typebox';
import type { Method } from '../method.ts';

/** No attribution: for requests that only want step scores. */
const dummy: Method = {
  id: 'dummy',
  name: 'No attribution',
  description: 'Computes the step scores alone.',
  paper: null,
  argsSchema: Type.Object({}, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,

  async attribute() {
    return { kind: 'granular', source: null, target: null };
  },
};

export default dummy;
