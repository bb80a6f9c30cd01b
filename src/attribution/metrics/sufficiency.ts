/** Sufficiency (DeYoung et al. 2020, section 4): what the model loses with the important part alone. */

import { defineMetric } from '../metric.ts';
import { drop, ERASER, FRACTION, unitsOf } from './parts/erasure.ts';

export default defineMetric({
  id: 'sufficiency',
  name: 'Sufficiency',
  description: 'The drop of the score when all but the most important units are replaced. Lower is better.',
  paper: ERASER,
  argsSchema: FRACTION,
  better: 'lower',
  copies: (units, { fraction }) => [{ kind: 'only', units: unitsOf(fraction, units) }],
  measure: (scores) => drop(scores),
});
