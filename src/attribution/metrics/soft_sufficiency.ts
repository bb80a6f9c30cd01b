/** Soft normalized sufficiency (Zhao & Aletras 2023, section 3.3): other than ERASER's, it grows with the quality. */

import { defineMetric } from '../metric.ts';
import { SAMPLES, SOFT, softCopies, softDrop } from './parts/soft.ts';

export default defineMetric({
  id: 'soft_sufficiency',
  name: 'Soft sufficiency',
  description:
    'How much of the score is left when embeddings are kept in proportion to the importance of their units: 1 minus ' +
    'its drop, as a share of the drop when all are zeroed. Higher is better.',
  paper: SOFT,
  argsSchema: SAMPLES,
  better: 'higher',
  copies: (_units, { samples }) => softCopies('important', samples),
  measure(scores) {
    const lost = softDrop(scores);
    return { value: lost === null ? null : 1 - lost };
  },
});
