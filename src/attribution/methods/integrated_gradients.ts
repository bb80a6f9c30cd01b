/**
 * Integrated gradients (Sundararajan et al. 2017, section 3): gradients along the straight path from the baseline to
 * the input, times input - baseline. Every node of the path is one pass for all steps.
 */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';
import { GranularScores } from './parts/granular.ts';
import { DELTA_ARG, DELTA_PASSES, PATH_ARGS, PathIntegral, withDelta } from './parts/path-integral.ts';
import { quadrature } from './parts/quadrature.ts';

export default defineMethod({
  id: 'integrated_gradients',
  name: 'Integrated gradients',
  description:
    'Gradients integrated along the straight path from the baseline to the input. The attributions add up to the ' +
    'change of the score.',
  paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
  argsSchema: Type.Object({ ...PATH_ARGS, ...DELTA_ARG }, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 'n_steps', evaluated: DELTA_PASSES },

  async attribute(task) {
    const { passes, args } = task;
    const { alphas, weights } = quadrature(args.method, args.n_steps);
    const scores = new GranularScores(task);
    using path = new PathIntegral(task);
    const batchSize = args.internal_batch_size ?? passes.plan.copiesRecorded();
    for (let start = 0; start < alphas.length; start += batchSize) {
      const end = Math.min(start + batchSize, alphas.length);
      await path.add(alphas.slice(start, end), weights.slice(start, end));
      await task.onProgress(end, alphas.length);
    }
    await path.finish(scores, args.multiply_by_inputs);
    return withDelta(task, scores);
  },
});
