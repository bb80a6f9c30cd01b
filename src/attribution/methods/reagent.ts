/**
 * ReAGent (Zhao & Shan 2024): importance scores that grow where replacing a token lowers the probability of the
 * generated one, until the most important tokens alone predict it. It measures the probability, whatever the attributed
 * function. Replacements are drawn from all text tokens; Inseq draws them from those of the same part of speech. A span
 * of generated tokens has the mean of their importances.
 */

import { type Static, Type } from 'typebox';
import { defineMethod, type MethodScores, type MethodTask } from '../method.ts';
import type { ScoreArray } from '../scores.ts';
import { type ChainDraws, runChains } from './parts/importance-chains.ts';
import { meansOfSteps } from './parts/means.ts';

const Args = Type.Object(
  {
    keep_top_n: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 5,
      description: 'How many of the most important tokens must predict the generated one; 0: as keep_ratio says.',
    }),
    keep_ratio: Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
      default: null,
      description: 'Where keep_top_n is 0: the same as a share of the context.',
    }),
    invert_keep: Type.Boolean({ default: false, description: 'Replace the most important tokens instead.' }),
    stopping_condition_top_k: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 3,
      description: 'The generated token must be among this many best predictions.',
    }),
    replacing_ratio: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.3,
      description: 'Share of tokens that a probe replaces.',
    }),
    max_probe_steps: Type.Integer({
      minimum: 1,
      maximum: 3000,
      default: 50,
      description:
        "Most rounds of a run. Inseq's default is 3000, which can take hours where a token does not converge.",
    }),
    num_probes: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 16,
      description: 'Independent runs whose results are averaged.',
    }),
  },
  { additionalProperties: false },
);
type Task = MethodTask<Static<typeof Args>>;

export default defineMethod({
  id: 'reagent',
  name: 'ReAGent',
  description: 'Importance by the drop of the probability when random tokens are replaced, updated until it converges.',
  paper: {
    title: 'ReAGent: A Model-agnostic Feature Attribution Method for Generative Language Models',
    url: 'https://arxiv.org/abs/2402.00794',
  },
  argsSchema: Args,
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: {
    // The clean copy, then in each round the probing copies and a check of each chain: fewer where chains converge.
    apart: ['+', 1, ['*', 'max_probe_steps', 'num_probes', ['+', 1, 'steps']]],
    most: true,
  },

  async attribute(task) {
    return reagentAt(task, ownDraws(task));
  },
});

/** Draws of a replacement before a special token is accepted. */
const MAX_DRAWS = 100;

/** Seeded draws, drawn on demand. */
function ownDraws({ passes, args, random, attributeTarget }: Task): ChainDraws {
  const { specialIds = new Set(), sourceIds } = passes.sequence;
  const { vocabSize } = passes.model;
  const source = sourceIds === null ? 0 : passes.sourceLength;
  const tokens = source + (attributeTarget ? passes.length : 0);
  const word = (): number => {
    // Special tokens are few: a handful of draws finds a text token.
    for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
      const id = random.integer(vocabSize);
      if (!specialIds.has(id)) return id;
    }
    return random.integer(vocabSize);
  };
  const words = (): Int32Array => Int32Array.from({ length: tokens }, word);
  return {
    initial: (step) =>
      Float64Array.from({ length: source + (attributeTarget ? passes.read[step] + 1 : 0) }, () => random.uniform()),
    probe: () => ({
      replaced: Uint8Array.from({ length: tokens }, () => (random.uniform() < args.replacing_ratio ? 1 : 0)),
      ids: words(),
    }),
    check: words,
  };
}

/** ReAGent with given draws. */
export async function reagentAt(task: Task, draws: ChainDraws): Promise<MethodScores> {
  const { passes, args, attributeTarget } = task;
  const { keep_top_n: topN, max_probe_steps: maxRounds } = args;
  const ratio = args.keep_ratio ?? 0;
  const chains = await runChains(
    passes,
    draws,
    {
      probes: args.num_probes,
      maxRounds,
      topK: args.stopping_condition_top_k,
      keep: (tokens) => (topN > 0 ? topN : Math.ceil(ratio * tokens)),
      invert: args.invert_keep,
      attributeTarget,
    },
    (rounds) => task.onProgress(rounds, maxRounds),
  );
  const { steps, sourceLength, length } = passes;
  const empty = (tokens: number): ScoreArray => ({
    shape: [tokens, steps],
    data: new Float32Array(tokens * steps).fill(Number.NaN),
  });
  const source = passes.sequence.sourceIds === null ? null : empty(sourceLength);
  const target = attributeTarget ? empty(length + 1) : null;
  chains.forEach(({ importance }, t) => {
    importance.forEach((value, token) => {
      const side = token < sourceLength ? source : target;
      if (side !== null) side.data[(token < sourceLength ? token : token - sourceLength) * steps + t] = value;
    });
  });
  const converged = { shape: [1, steps], data: Float32Array.from(chains, (step) => step.converged) };
  return {
    kind: 'coarse',
    source: source && meansOfSteps(passes, source),
    target: target && meansOfSteps(passes, target),
    diagnostics: { converged: meansOfSteps(passes, converged).data },
  };
}
