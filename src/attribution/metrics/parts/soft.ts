/**
 * Soft erasure (Zhao & Aletras 2023, section 3): parts of each embedding are dropped, more or fewer by the importance of
 * its unit, and what comes of it is measured against embeddings that are 0.
 */

import { Type } from 'typebox';
import type { CopyScores, MetricCopy } from '../../metric.ts';

export const SOFT = {
  title: 'Incorporating Attribution Importance for Improving Faithfulness Metrics',
  url: 'https://arxiv.org/abs/2305.10496',
};

export const SAMPLES = Type.Object(
  {
    samples: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 1,
      description: 'Random masks, over which the score is averaged. Each is two copies of the text.',
    }),
  },
  { additionalProperties: false },
);

/** Masks that keep units by their importance or by its opposite, then the zeroed text. */
export function softCopies(keep: 'important' | 'unimportant', samples: number): MetricCopy[] {
  const masked = Array.from({ length: samples }, (_, sample): MetricCopy => ({ kind: 'soft', keep, sample }));
  return [...masked, { kind: 'zero' }];
}

/**
 * The drop of the score under the masks as a share of its drop when all is zeroed; a rise counts as no drop. Null where
 * zeroing the text makes no drop.
 */
export function softDrop({ unchanged, copies }: CopyScores): number | null {
  const dropOf = (score: number): number => Math.max(0, unchanged - score);
  const most = dropOf(copies[copies.length - 1]);
  if (!(most > 0)) return null;
  const masked = copies.slice(0, -1);
  return masked.reduce((sum, score) => sum + dropOf(score), 0) / masked.length / most;
}
