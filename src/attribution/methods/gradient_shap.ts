import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import type { Method, MethodTask } from '../method.ts';
import { GranularScores } from './parts/granular.ts';
import { PathIntegral } from './parts/path-integral.ts';

/**
 * Gradient SHAP (Lundberg & Lee 2017; expected gradients, Erion et al. 2021): gradients at random points between the
 * baseline and the (noisy) input. The points are shared by all steps.
 */
const gradientShap: Method = {
  id: 'gradient_shap',
  name: 'Gradient SHAP',
  description: 'Gradients at random points between baseline and noisy input: an estimate of SHAP values.',
  paper: {
    title: 'A Unified Approach to Interpreting Model Predictions',
    url: 'https://arxiv.org/abs/1705.07874',
  },
  argsSchema: Type.Object(
    {
      n_samples: Type.Integer({ minimum: 1, maximum: 1000, default: 5, description: 'Random points.' }),
      stdevs: Type.Number({ minimum: 0, default: 0, description: 'Standard deviation of the noise on the input.' }),
      multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply by the way from the baseline.' }),
      return_convergence_delta: Type.Boolean({
        default: false,
        description: 'Report how far the attributions are from adding up to the change of the score.',
      }),
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,

  async attribute(task) {
    const { passes, args, random } = task;
    const alphas = Float64Array.from({ length: args.n_samples as number }, () => random.uniform());
    const stdevs = args.stdevs as number;
    const width = passes.targetFeatures.shape[1];
    const draw = (positions: number): Float32Array =>
      Float32Array.from({ length: alphas.length * positions * width }, () => stdevs * random.normal());
    const noise =
      stdevs === 0
        ? null
        : {
            source: passes.sourceFeatures && draw(passes.sourceLength),
            target: task.attributeTarget ? draw(passes.length) : null,
          };
    return gradientShapAt(task, alphas, noise);
  },
};

/** Gradient SHAP at given points: coefficients [samples] and noise [samples * positions * hidden] of each side. */
export async function gradientShapAt(
  task: MethodTask,
  alphas: Float64Array,
  noise: { source: Float32Array | null; target: Float32Array | null } | null,
) {
  const { passes, args, attributeTarget } = task;
  const scores = new GranularScores(passes, attributeTarget);
  const path = new PathIntegral(task);
  const width = passes.targetFeatures.shape[1];
  const tensor = (values: Float32Array | null | undefined) =>
    values ? tf.tensor2d(values, [values.length / width, width]) : null;
  const sides = { source: tensor(noise?.source), target: tensor(noise?.target) };
  try {
    await path.add(alphas, new Float64Array(alphas.length).fill(1 / alphas.length), sides);
    path.finish(scores, args.multiply_by_inputs !== false);
  } finally {
    path.dispose();
    sides.source?.dispose();
    sides.target?.dispose();
  }
  const { source, target } = scores;
  if (args.return_convergence_delta !== true) return { kind: 'granular' as const, source, target };
  return { kind: 'granular' as const, source, target, convergenceDelta: await path.convergenceDelta(scores) };
}

export default gradientShap;
