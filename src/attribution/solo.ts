/** One text attributed by itself, without an engine around it: for benchmarks, training scripts and tests. */

import { soloClient } from '../batching/dynamic-batcher.ts';
import type { LanguageModel } from '../models/model.ts';
import { Random } from '../random.ts';
import type { Method, MethodTask } from './method.ts';
import { type Counters, SharedPasses } from './passes/passes.ts';
import type { Sequence } from './passes/sequence-features.ts';
import { SequenceScores, type StepCall } from './sequence-scores.ts';
import type { ContrastTexts } from './step-functions/parts/contrast-inputs.ts';

export interface SoloOptions {
  model: LanguageModel;
  sequence: Sequence;
  texts?: ContrastTexts;
  random?: Random;
  counters?: Counters;
  /** Bytes that the activations of a micro-batch may take. */
  memoryBudget: number;
  /** Called between ops; may throw to stop. */
  look?: () => void;
}

/** The scores of one sequence, which the caller disposes. */
export function soloScores(options: SoloOptions): SequenceScores {
  const { model, sequence, texts, look, memoryBudget } = options;
  return new SequenceScores({
    shared: new SharedPasses(model, () => memoryBudget),
    client: soloClient(look),
    sequence,
    texts: texts ?? NO_CONTRAST,
    random: options.random ?? new Random(1),
    counters: options.counters ?? { forward: 0, backward: 0 },
  });
}

export interface SoloTask<Args>
  extends Partial<Pick<MethodTask, 'random' | 'text' | 'secondsAllowed' | 'onProgress' | 'onSteps'>> {
  args: Args;
  attributedFn: StepCall;
  attributeTarget: boolean;
}

/** A method's task on the sequence. */
export async function soloTask<Args>(
  scores: SequenceScores,
  method: Method,
  options: SoloTask<Args>,
): Promise<MethodTask<Args>> {
  const { attributedFn, ...own } = options;
  const objective = await scores.objective(attributedFn, method.needsGradient);
  return {
    passes: scores.passes,
    objective,
    random: new Random(1),
    text: { source: { tokens: [], text: '' }, target: { tokens: [], text: '' } },
    secondsAllowed: Number.POSITIVE_INFINITY,
    onProgress: async () => {},
    onSteps: () => {},
    ...own,
  };
}

export const NO_CONTRAST: ContrastTexts = {
  encodeTarget: () => {
    throw new Error('no contrast texts were given');
  },
  encodeSource: null,
  align: null,
  index: 0,
  count: 1,
  maxPositions: null,
};
