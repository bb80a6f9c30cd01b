/**
 * DeepLIFT (Shrikumar et al. 2017, section 3.5.1): gradients in which ReLU, sigmoid and tanh pull back the difference
 * quotient between input and baseline (the rescale rule, at the modules that Captum covers), times the difference.
 */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';
import { disposeFeatures } from '../passes/sequence-features.ts';
import { GranularScores } from './parts/granular.ts';
import { attributedSides, inputDeltas, timesRows } from './parts/inputs.ts';
import { DELTA_ARG, DELTA_PASSES, PATH_ARGS, pathFeatures, withDelta } from './parts/path-integral.ts';

export default defineMethod({
  id: 'deeplift',
  name: 'DeepLIFT',
  description: 'Differences from the baseline, propagated by the rescale rule at ReLU-like activations.',
  paper: {
    title: 'Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1704.02685',
  },
  argsSchema: Type.Object(
    { multiply_by_inputs: PATH_ARGS.multiply_by_inputs, ...DELTA_ARG },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 2, pulled: 1, evaluated: DELTA_PASSES },

  async attribute(task) {
    const { passes, args } = task;
    const scores = new GranularScores(task);
    const fold = passes.fold(scores);
    // Inputs, then baselines: the rescale rule compares the halves.
    const pair = pathFeatures(task, [1, 0]);
    try {
      await task.objective.gradients(
        pair,
        attributedSides(task),
        async (block) => {
          const gradients = { source: block.source, target: block.target };
          await scores.put(block, () =>
            args.multiply_by_inputs ? timesRows(passes, block, gradients, inputDeltas(passes)) : gradients,
          );
          task.onSteps(block.columnStart + block.columns, scores.result());
        },
        { rescale: true, fold },
      );
    } finally {
      disposeFeatures(pair);
    }
    await fold.end();
    return withDelta(task, scores);
  },
});
