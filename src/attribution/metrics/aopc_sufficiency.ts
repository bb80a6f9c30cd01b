/** Sufficiency as the area over the perturbation curve (DeYoung et al. 2020, section 4); its mean is that of ERASER's code. */

import { defineMetric } from '../metric.ts';
import { ERASER, FRACTIONS, meanDrop, unitsOf } from './parts/erasure.ts';

export default defineMetric({
  id: 'aopc_sufficiency',
  name: 'AOPC sufficiency',
  description:
    'The drop of the score when all but the most important units are replaced, as the mean over several fractions of ' +
    'them. Lower is better.',
  paper: ERASER,
  argsSchema: FRACTIONS,
  better: 'lower',
  copies: (units, { fractions }) => fractions.map((fraction) => ({ kind: 'only', units: unitsOf(fraction, units) })),
  measure: (scores, units, { fractions }) => meanDrop(scores, units, fractions),
});
