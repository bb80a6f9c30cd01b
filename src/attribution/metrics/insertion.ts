/** The insertion curve (Petsiuk et al. 2018, section 4.2): the score as the most important units come back first. */

import { defineMetric } from '../metric.ts';
import { area, POINTS, RISE, unitsAtPoints } from './parts/curve.ts';

export default defineMetric({
  id: 'insertion',
  name: 'Insertion curve',
  description:
    'The area under the score while units are put back into a text in which all are replaced, the most important ' +
    'first: a sharp rise is a large area. Higher is better.',
  paper: RISE,
  argsSchema: POINTS,
  better: 'higher',
  copies: (units, { points }) => unitsAtPoints(points, units).map((count) => ({ kind: 'only', units: count })),
  measure: (scores, units, { points }) => area(scores, units, points),
});
