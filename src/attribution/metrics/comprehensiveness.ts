/** Comprehensiveness (DeYoung et al. 2020, section 4): what the model loses without the important part. */

import { defineMetric } from '../metric.ts';
import { drop, ERASER, FRACTION, unitsOf } from './parts/erasure.ts';

export default defineMetric({
  id: 'comprehensiveness',
  name: 'Comprehensiveness',
  description: 'The drop of the score when the most important units are replaced. Higher is better.',
  paper: ERASER,
  argsSchema: FRACTION,
  better: 'higher',
  copies: (units, { fraction }) => [{ kind: 'without', units: unitsOf(fraction, units) }],
  measure: (scores) => drop(scores),
});
