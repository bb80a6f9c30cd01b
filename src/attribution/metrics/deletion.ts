/** The deletion curve (Petsiuk et al. 2018, section 4.2): the score as the most important units go first. */

import { defineMetric } from '../metric.ts';
import { area, POINTS, RISE, unitsAtPoints } from './parts/curve.ts';

export default defineMetric({
  id: 'deletion',
  name: 'Deletion curve',
  description:
    'The area under the score while units are replaced, the most important first: a sharp drop is a small area. Lower ' +
    'is better.',
  paper: RISE,
  argsSchema: POINTS,
  better: 'lower',
  copies: (units, { points }) => unitsAtPoints(points, units).map((count) => ({ kind: 'without', units: count })),
  measure: (scores, units, { points }) => area(scores, units, points),
});
