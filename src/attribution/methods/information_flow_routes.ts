/**
 * Information flow routes (Ferrando & Voita 2024, arXiv:2403.00824): from the position where a token is predicted, one unit
 * of mass flows down the layers, at each of them divided by the importance of the edges (parts/information-flow.ts says by
 * which formula). What arrives at a token's embedding is its score: the sum over all routes of the products of their
 * importances. The scores of a column sum to one. A span starts with an even share at each of its tokens.
 *
 * `hops` passes on what reasoning tokens absorb, after FlashTrace (Pan et al. 2026, arXiv:2602.01914): a hop takes the mass of
 * each of them off, starts it again where that token was predicted, and adds what flows down. FlashTrace sums importances
 * over layers where the graph multiplies them along routes; weights of a hop are the masses in both.
 */

import { type Static, Type } from 'typebox';
import { AttributionError } from '../errors.ts';
import { defineMethod, type MethodTask } from '../method.ts';
import { readSpans, spansSchema } from '../spans.ts';
import { flowDown, flowShares, NORMALIZED } from './parts/information-flow.ts';

const Args = Type.Object(
  {
    tau: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description:
        'Edges of this importance or less are left out, and what is left is scaled to sum to one; 0: all edges count.',
    }),
    hops: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description:
        'How often the mass that reasoning tokens absorb is passed on to what they were predicted from; 0: never.',
    }),
    reasoning_spans: spansSchema(
      'With hops, the reasoning tokens by target positions (the prompt counts); null: the attributed tokens in front of ' +
        'each column',
    ),
  },
  { additionalProperties: false },
);
type Task = MethodTask<Static<typeof Args>>;

export default defineMethod({
  id: 'information_flow_routes',
  name: 'Information flow routes',
  description:
    'How much of a prediction flows from each token, along routes of attention edges and residual connections weighed by ' +
    'their importance. With hops, what reasoning tokens absorb is passed on to the prompt.',
  paper: {
    title: 'Information Flow Routes: Automatically Interpreting Language Models at Scale',
    url: 'https://arxiv.org/abs/2403.00824',
  },
  argsSchema: Args,
  appliesTo: ['decoder-only'],
  exceptTypes: NORMALIZED,
  needsGradient: false,
  passes: { apart: 1 },

  async attribute(task) {
    const { passes, args } = task;
    const { length, read, stepsOf, lastRead, columns } = passes;
    const reasoning = stepsOf.map(({ start }) => (args.hops === 0 ? [] : reasoningTokens(task, read[start] + 1)));
    const first = Math.min(...read, ...reasoning.flat().map((token) => token - 1));
    const layers = passes.model.decoder.blocks.length;
    const shares = await flowShares(passes, { tau: args.tau, first }, (done) => task.onProgress(done, layers));
    const data = new Float32Array((length + 1) * columns).fill(Number.NaN);
    for (const [column, { start, end }] of stepsOf.entries()) {
      const mass = new Float64Array(length);
      for (let t = start; t < end; t++) mass[read[t]] += 1 / (end - start);
      const found = passedOn(shares, flowDown(shares, mass), reasoning[column], args.hops);
      for (let token = 0; token <= lastRead[column]; token++) data[token * columns + column] = found[token];
      await passes.yield();
    }
    return { kind: 'coarse', source: null, target: { shape: [length + 1, columns], data } };
  },
});

/** Target positions of the reasoning tokens in front of a position. */
function reasoningTokens({ passes, args }: Task, position: number): number[] {
  const { start, targetIds } = passes.sequence;
  const fault = (message: string) => new AttributionError('invalid_args', message, '#/method_args/reasoning_spans');
  const spans =
    args.reasoning_spans === null
      ? [{ start, end: position }]
      : readSpans(args.reasoning_spans, targetIds.length, fault);
  return spans.flatMap((span) => {
    const from = Math.max(1, span.start);
    return Array.from({ length: Math.max(0, Math.min(span.end, position) - from) }, (_, k) => from + k);
  });
}

/** Scores [positions] after the mass of reasoning tokens was passed on so many times. */
function passedOn(
  shares: readonly Float64Array[],
  scores: Float64Array,
  reasoning: readonly number[],
  hops: number,
): Float64Array {
  let current = scores;
  for (let hop = 0; hop < hops && reasoning.length > 0; hop++) {
    const mass = new Float64Array(current.length);
    const left = current.slice();
    for (const token of reasoning) {
      mass[token - 1] += current[token];
      left[token] = 0;
    }
    const more = flowDown(shares, mass);
    current = left.map((value, token) => value + more[token]);
  }
  return current;
}
