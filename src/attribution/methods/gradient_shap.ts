/**
 * Gradient SHAP (Lundberg & Lee 2017; expected gradients, Erion et al. 2021): gradients at random points between the
 * baseline and the (noisy) input. The points are shared by all steps.
 */

import { type Static, Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodScores, type MethodTask } from '../method.ts';
import { mapSides, type Sides } from '../sides.ts';
import { GranularScores } from './parts/granular.ts';
import { attributedSides, positionsOf } from './parts/inputs.ts';
import { DELTA_ARG, DELTA_PASSES, PATH_ARGS, PathIntegral, withDelta } from './parts/path-integral.ts';

const Args = Type.Object(
  {
    n_samples: Type.Integer({ minimum: 1, maximum: 1000, default: 5, description: 'Random points.' }),
    stdevs: Type.Number({ minimum: 0, default: 0, description: 'Standard deviation of the noise added to the input.' }),
    multiply_by_inputs: PATH_ARGS.multiply_by_inputs,
    ...DELTA_ARG,
  },
  { additionalProperties: false },
);

export default defineMethod({
  id: 'gradient_shap',
  name: 'Gradient SHAP',
  description: 'Gradients at random points between baseline and noisy input: an estimate of SHAP values.',
  paper: {
    title: 'A Unified Approach to Interpreting Model Predictions',
    url: 'https://arxiv.org/abs/1705.07874',
  },
  argsSchema: Args,
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 'n_samples', evaluated: DELTA_PASSES },

  async attribute(task) {
    const { passes, args, random } = task;
    const { n_samples, stdevs } = args;
    const alphas = Float64Array.from({ length: n_samples }, () => random.uniform());
    if (stdevs === 0) return gradientShapAt(task, alphas, null);
    const width = passes.targetFeatures.shape[1];
    const attributed = attributedSides(task);
    const noise = mapSides(positionsOf(passes), (positions, side) => {
      if (!attributed[side]) return null;
      return Float32Array.from({ length: n_samples * positions * width }, () => stdevs * random.normal());
    });
    return gradientShapAt(task, alphas, noise);
  },
});

/** Gradient SHAP at given points: coefficients [samples] and noise [samples * positions * hidden] of each side. */
export async function gradientShapAt(
  task: MethodTask<Static<typeof Args>>,
  alphas: Float64Array,
  noise: Sides<Float32Array | null> | null,
): Promise<MethodScores> {
  const { passes, args } = task;
  const scores = new GranularScores(task);
  using path = new PathIntegral(task);
  const width = passes.targetFeatures.shape[1];
  const tensors = mapSides(
    noise ?? { source: null, target: null },
    (values) => values && tf.tensor2d(values, [values.length / width, width]),
  );
  try {
    await path.add(alphas, new Float64Array(alphas.length).fill(1 / alphas.length), tensors);
    await path.finish(scores, args.multiply_by_inputs);
  } finally {
    tensors.source?.dispose();
    tensors.target?.dispose();
  }
  return withDelta(task, scores);
}
