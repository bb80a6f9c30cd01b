/**
 * Comprehensiveness as the area over the perturbation curve (DeYoung et al. 2020, section 4), for scores without a
 * natural threshold. The mean is that of ERASER's code; the formula in the paper also counts the copy without any change,
 * whose drop is 0.
 */

import { defineMetric } from '../metric.ts';
import { ERASER, FRACTIONS, meanDrop, unitsOf } from './parts/erasure.ts';

export default defineMetric({
  id: 'aopc_comprehensiveness',
  name: 'AOPC comprehensiveness',
  description:
    'The drop of the score when the most important units are replaced, as the mean over several fractions of them. ' +
    'Higher is better.',
  paper: ERASER,
  argsSchema: FRACTIONS,
  better: 'higher',
  copies: (units, { fractions }) => fractions.map((fraction) => ({ kind: 'without', units: unitsOf(fraction, units) })),
  measure: (scores, units, { fractions }) => meanDrop(scores, units, fractions),
});
