/**
 * Faithfulness metrics: how far the scores of a text can be trusted. A metric is one file in metrics/ with a default
 * export. It names changed copies of the text by the order of its units, the most important first, and makes a number of
 * what the model says of them; the same copies by a random order give the number that it has to beat.
 */

import type { TSchema } from 'typebox';
import type { Arguments } from './arguments.ts';
import type { Paper } from './step-function.ts';

/** How a copy differs from the text. Units are ranked tokens, or groups of tokens that aggregators merged. */
export type MetricCopy =
  /** The `units` most important ones are replaced by their baselines. */
  | { kind: 'without'; units: number }
  /** All but the `units` most important ones are replaced. */
  | { kind: 'only'; units: number }
  /**
   * Each number of a unit's embeddings is kept with a probability, else 0: the unit's importance between 0 and 1 where
   * `important` ones are kept, or 1 minus it.
   */
  | { kind: 'soft'; keep: 'important' | 'unimportant'; sample: number }
  /** The embeddings of all units are 0. */
  | { kind: 'zero' };

/** Scores of a text: of each copy the mean over the steps. */
export interface CopyScores {
  /** Of the text as it is. */
  unchanged: number;
  /** In the order of `copies`. */
  copies: readonly number[];
}

/** A number with what it is made of. */
export interface Measurement {
  /** Null where the definition divides by 0. */
  value: number | null;
  /** The number at some numbers of units, ascending. */
  points?: { units: number; value: number }[];
}

export interface Metric {
  readonly id: string;
  readonly name: string;
  /** What is measured, and which direction is better. */
  readonly description: string;
  readonly paper: Paper | null;
  /**
   * JSON Schema of the arguments, with defaults. What says how many copies are run is called `fractions` (a list),
   * `points` or `samples`, by which requests are bounded.
   */
  readonly argsSchema: TSchema;
  readonly better: 'higher' | 'lower';
  /** @param units - ranked units of the text, at least one */
  copies(units: number, args: Record<string, unknown>): MetricCopy[];
  measure(scores: CopyScores, units: number, args: Record<string, unknown>): Measurement;
}

/** A metric whose `args` have the type of its schema. */
export function defineMetric<const Schema extends TSchema>(
  metric: Omit<Metric, 'argsSchema' | 'copies' | 'measure'> & {
    readonly argsSchema: Schema;
    copies(units: number, args: Arguments<Schema>): MetricCopy[];
    measure(scores: CopyScores, units: number, args: Arguments<Schema>): Measurement;
  },
): Metric {
  return metric;
}
