/** Aggregators: each reduces, merges, scales or compares the scores of a sequence. */

import type { TSchema } from 'typebox';
import type { Arguments } from '../arguments.ts';
import { AttributionError } from '../errors.ts';
import type { SequenceAttribution } from '../scores.ts';
import type { FunctionName } from './functions.ts';

/** What aggregators may ask for beside the scores of their own sequence. */
export interface AggregationContext {
  /** The texts that character offsets of the tokens refer to; null where there is no source. */
  readonly texts: { readonly source: string | null; readonly target: string };
  /** How step scores of merged tokens combine, by their name; `absmax` where it says nothing. */
  readonly spanAggregation: Readonly<Record<string, FunctionName>>;
}

/** A sequence's place among all of the job, as they are at this stage of the chain. */
interface Neighbors {
  readonly index: number;
  /** Undefined where that text failed. */
  readonly sequences: readonly (SequenceAttribution | undefined)[];
}

export interface Aggregator {
  readonly id: string;
  readonly name: string;
  /** One or two sentences: what it does to the scores. */
  readonly description: string;
  /** JSON Schema of the arguments, with defaults. */
  readonly argsSchema: TSchema;
  /**
   * @param args - validated and completed by the schema's defaults
   * @throws {AttributionError} when the arguments do not fit the sequence; its pointer is relative to the arguments
   */
  apply(
    sequence: SequenceAttribution,
    args: Record<string, unknown>,
    context: AggregationContext,
    neighbors: Neighbors,
  ): SequenceAttribution;
}

/** An aggregator whose `args` have the type of its schema. */
export function defineAggregator<const Schema extends TSchema>(
  aggregator: Omit<Aggregator, 'argsSchema' | 'apply'> & {
    readonly argsSchema: Schema;
    apply(
      sequence: SequenceAttribution,
      args: Arguments<Schema>,
      context: AggregationContext,
      neighbors: Neighbors,
    ): SequenceAttribution;
  },
): Aggregator {
  return aggregator;
}

/** A fault of an aggregator's argument. */
export function argumentFault(field: string, message: string): AttributionError {
  return new AttributionError('invalid_aggregator', message, `/${field}`);
}
