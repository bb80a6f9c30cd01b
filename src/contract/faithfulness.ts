/** How far attributions can be trusted: what metrics say of each text, beside what a random ranking gives. */
import Type, { type Static } from 'typebox';
import type { CompleteCall } from './attribute-request.ts';
import { freeObject, nullable } from './schema.ts';

/** What `metrics: true` asks for: four copies of each text. */
export const DEFAULT_METRICS = ['comprehensiveness', 'sufficiency'] as const;

const Better = Type.Union([Type.Literal('higher'), Type.Literal('lower')], {
  description: 'Which direction is better, by the definition of the metric.',
});

/** A metric at some number of units. */
const MetricPoint = Type.Object({
  units: Type.Integer({ description: 'Units that were replaced, or kept, or put back.' }),
  value: nullable(Type.Number()),
  random: nullable(Type.Number(), { description: 'With as many units of the random ranking.' }),
});

/** One metric of one text. */
const MetricValue = Type.Object({
  name: Type.String({ description: 'An id of `GET /faithfulness-metrics`.' }),
  better: Better,
  value: nullable(Type.Number(), {
    description:
      '`comprehensiveness`, `aopc_comprehensiveness`: the drop of the score without the most important units (higher is ' +
      'better). `sufficiency`, `aopc_sufficiency`: the drop with these alone (lower is better). `deletion`, ' +
      '`insertion`: the area under the curve in `points` (lower is better; higher is better). ' +
      '`soft_comprehensiveness`, `soft_sufficiency`: shares of the drop when all embeddings are 0 (higher is better for ' +
      'both). null: there is nothing to rank, or the definition divides by 0.',
  }),
  random: nullable(Type.Number(), {
    description: 'The same by a random ranking of the same units, drawn by `seed`: what the value has to beat.',
  }),
  points: Type.Optional(
    Type.Array(MetricPoint, {
      description: 'AOPC: the drop at each fraction. Curves: the score at each point.',
    }),
  ),
});

const VALUES = Type.Array(MetricValue, {
  description: 'In the order of the request; `info.metrics.calls` has their arguments.',
});

/** The metrics of one text. */
export const SequenceMetrics = Type.Object({
  unchanged: nullable(Type.Number(), {
    description: 'The score of the text as it is, which drops are measured from: the mean over its attributed tokens.',
  }),
  units: Type.Integer({
    description:
      'Units that were ranked: tokens of the source and of what stands before the first attributed token, without ' +
      'special tokens, or what aggregators merged of them. Their importance is the sum of their scores for all ' +
      'attributed tokens, or for a span, signed; the highest is the most important.',
  }),
  copies: Type.Integer({
    description: 'Changed copies that were run; what several metrics or fractions have in common runs once.',
  }),
  forward_passes: Type.Integer({
    description: 'The copies, and the text as it is where no pass of the method or a step function has told its score.',
  }),
  values: VALUES,
  spans: Type.Optional(
    Type.Array(Type.Object({ unchanged: nullable(Type.Number()), values: VALUES }), {
      description:
        'With `target_spans`: of each span, by a ranking of its own and the score of its own tokens, in the order of the ' +
        "sequence's `target_spans`. `unchanged` and `values` of the text are then the means over the spans.",
    }),
  ),
});
export type SequenceMetrics = Static<typeof SequenceMetrics>;

/** How the metrics of a result were computed. */
export const MetricsInfo = Type.Object({
  calls: Type.Array(Type.Object({ name: Type.String(), args: freeObject() }), {
    description: 'The metrics with all their arguments.',
  }),
  score: Type.String({
    description:
      'The step function whose mean is the score of a copy: `probability`, or with a contrastive attributed function ' +
      'that function.',
    examples: ['probability'],
  }),
  replacement: nullable(Type.String(), {
    description: 'The token in place of each replaced one, as in baselines. Soft metrics mask embeddings instead.',
    examples: ['<|endoftext|>'],
  }),
  forward_passes: Type.Integer({ description: 'Of all texts; `info.forward_passes` counts them, too.' }),
  seconds: Type.Number({
    description: 'Seconds in which metrics were computed; texts that run together share them.',
  }),
  sequence_seconds: Type.Array(nullable(Type.Number()), {
    description: 'From the first to the last copy of each text, beside which those of others may have run.',
  }),
});
export type MetricsInfo = Static<typeof MetricsInfo>;

/**
 * Copies of a text that a metric may run, at most: each at a fraction, at a point or with a mask, by the ranking and by a
 * random one, and one that both share.
 */
export function copiesOfMetric({ args }: Pick<CompleteCall, 'args'>): number {
  const { fractions, points, samples } = args;
  if (Array.isArray(fractions)) return 2 * fractions.length;
  if (typeof points === 'number') return 2 * (points - 1) + 1;
  if (typeof samples === 'number') return 2 * samples + 1;
  return 2;
}
