/** Soft normalized comprehensiveness (Zhao & Aletras 2023, section 3.3). */

import { defineMetric } from '../metric.ts';
import { SAMPLES, SOFT, softCopies, softDrop } from './parts/soft.ts';

export default defineMetric({
  id: 'soft_comprehensiveness',
  name: 'Soft comprehensiveness',
  description:
    'The drop of the score when embeddings are masked in proportion to the importance of their units, as a share of ' +
    'the drop when all are zeroed. Higher is better.',
  paper: SOFT,
  argsSchema: SAMPLES,
  better: 'higher',
  copies: (_units, { samples }) => softCopies('unimportant', samples),
  measure: (scores) => ({ value: softDrop(scores) }),
});
