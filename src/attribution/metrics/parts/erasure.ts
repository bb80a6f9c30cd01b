/** What the metrics of ERASER share: fractions of the units, and the change that leaving some out makes. */

import { Type } from 'typebox';
import type { CopyScores, Measurement } from '../../metric.ts';

export const ERASER = {
  title: 'ERASER: A Benchmark to Evaluate Rationalized NLP Models',
  url: 'https://arxiv.org/abs/1911.03429',
};

const share = { exclusiveMinimum: 0, maximum: 1 };

/** The arguments of a metric at one fraction. */
export const FRACTION = Type.Object(
  {
    fraction: Type.Number({
      ...share,
      default: 0.2,
      description: 'Share of the units that counts as important, from above 0 to 1: rounded, and one unit at least.',
    }),
  },
  { additionalProperties: false },
);

/** The arguments of a mean over fractions; the defaults are those of ERASER. */
export const FRACTIONS = Type.Object(
  {
    fractions: Type.Array(Type.Number(share), {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      default: [0.01, 0.05, 0.1, 0.2, 0.5],
      description:
        'Shares of the units that count as important, each from above 0 to 1: rounded, and one unit at least. Each is ' +
        'two copies of the text.',
    }),
  },
  { additionalProperties: false },
);

/** Units of a fraction of all. */
export function unitsOf(fraction: number, units: number): number {
  return Math.max(1, Math.round(fraction * units));
}

/** The drop of the score in the only copy. */
export function drop({ unchanged, copies: [changed] }: CopyScores): Measurement {
  return { value: unchanged - changed };
}

/** The mean of the drops over the fractions: the area over the perturbation curve. */
export function meanDrop({ unchanged, copies }: CopyScores, units: number, fractions: readonly number[]): Measurement {
  const points = copies.map((changed, k) => ({ units: unitsOf(fractions[k], units), value: unchanged - changed }));
  return { value: points.reduce((sum, { value }) => sum + value, 0) / points.length, points };
}
