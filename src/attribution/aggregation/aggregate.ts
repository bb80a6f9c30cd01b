/** Chains of aggregators, as requests name them. */

import { checkArguments } from '../../validation/arguments.ts';
import { AttributionError, located } from '../errors.ts';
import { extraAxes, type ScoreKind, type SequenceAttribution } from '../scores.ts';
import type { AggregationContext } from './aggregator.ts';
import { AGGREGATORS } from './registry.ts';

/** An aggregator with its arguments; those left out take their defaults. */
export interface AggregatorCall {
  name: string;
  args?: Record<string, unknown>;
}

/**
 * What Inseq 0.7.1 does where nothing is asked: the norm over embedding dimensions, the mean over each of heads and
 * layers, both normalized over the tokens; nothing for scores that are one number each.
 * @param extraAxes - number of axes after [tokens, steps]
 */
export function defaultAggregators(kind: ScoreKind, extraAxes: number): AggregatorCall[] {
  if (kind === 'granular') return extraAxes > 0 ? [{ name: 'vnorm', args: {} }] : [];
  return Array.from({ length: extraAxes }, () => ({ name: 'mean', args: {} }));
}

/**
 * Applies a chain to all sequences of a job, one aggregator after the other.
 * @param chain - null: each sequence's default; []: none, the raw scores stay
 * @param contexts - one for each sequence
 * @throws {AttributionError} with a pointer into the request's `aggregators`
 */
export function aggregate(
  sequences: readonly SequenceAttribution[],
  chain: readonly AggregatorCall[] | null,
  contexts: readonly AggregationContext[],
): SequenceAttribution[] {
  if (chain === null) {
    return sequences.map((sequence, i) => {
      const [result] = aggregate([sequence], defaultAggregators(sequence.kind, extraAxes(sequence)), [contexts[i]]);
      return result;
    });
  }
  return aggregateEach(sequences, chain, contexts).map((outcome) => {
    if (outcome === undefined || outcome instanceof AttributionError) throw outcome;
    return outcome;
  });
}

/**
 * The same where some sequences are missing, and with a fault that is its own sequence's alone.
 * @param sequences - undefined: there is none at this place, which the others keep theirs beside
 * @returns for each sequence its scores, or what kept them from being aggregated
 * @throws {AttributionError} where the chain itself cannot be applied
 */
export function aggregateEach(
  sequences: readonly (SequenceAttribution | undefined)[],
  chain: readonly AggregatorCall[],
  contexts: readonly (AggregationContext | undefined)[],
): (SequenceAttribution | AttributionError | undefined)[] {
  const faults = new Map<number, AttributionError>();
  let current = [...sequences];
  chain.forEach((call, stage) => {
    const { apply, args } = prepared(call, stage);
    const before = current;
    current = before.map((sequence, index) => {
      const context = contexts[index];
      if (sequence === undefined || context === undefined) return undefined;
      try {
        return apply(sequence, args, context, { index, sequences: before });
      } catch (error) {
        const fault = located(error, `#/aggregators/${stage}/args`);
        if (!(fault instanceof AttributionError)) throw fault;
        faults.set(index, fault);
        return undefined;
      }
    });
  });
  return current.map((sequence, index) => faults.get(index) ?? sequence);
}

/** The same chain with every argument that it leaves out. */
export function completeChain(chain: readonly AggregatorCall[]): Required<AggregatorCall>[] {
  return chain.map((call, stage) => ({ name: call.name, args: prepared(call, stage).args }));
}

function prepared({ name, args }: AggregatorCall, stage: number) {
  const aggregator = AGGREGATORS.get(name);
  if (aggregator === undefined) {
    const message = `there is no aggregator "${name}"; there are ${[...AGGREGATORS.keys()].join(', ')}`;
    throw new AttributionError('unknown_aggregator', message, `#/aggregators/${stage}`);
  }
  const { args: complete, errors } = checkArguments(aggregator.argsSchema, args, `#/aggregators/${stage}/args`);
  if (errors.length > 0) {
    const [{ pointer, detail }] = errors;
    throw new AttributionError('invalid_aggregator', `the aggregator "${name}": ${detail}`, pointer);
  }
  return { apply: aggregator.apply.bind(aggregator), args: complete };
}
