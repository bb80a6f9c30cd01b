import { Type } from 'typebox';
import type { Method, MethodScores, MethodTask } from '../method.ts';
import type { ScoreArray } from '../scores.ts';
import { type ChainDraws, runChains } from './parts/importance-chains.ts';

/**
 * ReAGent (Zhao & Shan 2024): importance scores that grow where replacing a token lowers the probability of the
 * generated one, until the most important tokens alone predict it. It measures the probability, whatever the attributed
 * function. Replacements are drawn from all text tokens; Inseq draws them from those of the same part of speech.
 */
const reagent: Method = {
  id: 'reagent',
  name: 'ReAGent',
  description: 'Importance by the drop of the probability when random tokens are replaced, updated until it converges.',
  paper: {
    title: 'ReAGent: A Model-agnostic Feature Attribution Method for Generative Language Models',
    url: 'https://arxiv.org/abs/2402.00794',
  },
  argsSchema: Type.Object(
    {
      keep_top_n: Type.Integer({
        minimum: 0,
        maximum: 1000,
        default: 5,
        description: 'Most important tokens that must predict the generated one; 0: by keep_ratio.',
      }),
      keep_ratio: Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
        default: null,
        description: 'Their share of the context, where keep_top_n is 0.',
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
        description: "Rounds at most. Inseq's default is 3000, which can take hours where a token does not converge.",
      }),
      num_probes: Type.Integer({ minimum: 1, maximum: 64, default: 16, description: 'Independent runs averaged.' }),
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,

  async attribute(task) {
    return reagentAt(task, ownDraws(task));
  },
};

/** Seeded draws, made when they are asked for. */
function ownDraws({ passes, args, random, attributeTarget }: MethodTask): ChainDraws {
  const { specialIds = new Set(), sourceIds } = passes.sequence;
  const { vocabSize } = passes.model;
  const source = sourceIds === null ? 0 : passes.sourceLength;
  const tokens = source + (attributeTarget ? passes.length : 0);
  const word = (): number => {
    // Special tokens are few: a handful of draws finds a text token.
    for (let attempt = 0; attempt < 100; attempt++) {
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
      replaced: Uint8Array.from({ length: tokens }, () =>
        random.uniform() < (args.replacing_ratio as number) ? 1 : 0,
      ),
      ids: words(),
    }),
    check: words,
  };
}

/** ReAGent with given draws. */
export async function reagentAt(task: MethodTask, draws: ChainDraws): Promise<MethodScores> {
  const { passes, args, attributeTarget } = task;
  const topN = args.keep_top_n as number;
  const ratio = (args.keep_ratio as number | null) ?? 0;
  const maxRounds = args.max_probe_steps as number;
  const found = await runChains(
    passes,
    draws,
    {
      probes: args.num_probes as number,
      maxRounds,
      topK: args.stopping_condition_top_k as number,
      keep: (tokens) => (topN > 0 ? topN : Math.ceil(ratio * tokens)),
      invert: args.invert_keep === true,
      attributeTarget,
    },
    (rounds) => task.tick(rounds, maxRounds),
  );
  const { steps, sourceLength, length } = passes;
  const empty = (tokens: number): ScoreArray => ({
    shape: [tokens, steps],
    data: new Float32Array(tokens * steps).fill(Number.NaN),
  });
  const source = passes.sequence.sourceIds === null ? null : empty(sourceLength);
  const target = attributeTarget ? empty(length + 1) : null;
  found.forEach(({ importance }, t) => {
    importance.forEach((value, token) => {
      const side = token < sourceLength ? source : target;
      if (side !== null) side.data[(token < sourceLength ? token : token - sourceLength) * steps + t] = value;
    });
  });
  const converged = Float32Array.from(found, (step) => step.converged);
  return { kind: 'coarse', source, target, diagnostics: { converged } };
}

export default reagent;
