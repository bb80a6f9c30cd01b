import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Method } from '../method.ts';
import { GranularScores, perRow } from './parts/granular.ts';
import { PathIntegral } from './parts/path-integral.ts';

/**
 * DeepLIFT (Shrikumar et al. 2017, section 3.5.1): gradients in which ReLU, sigmoid and tanh pull back the difference
 * quotient between input and baseline (the rescale rule, at the modules that Captum covers), times the difference.
 */
const deeplift: Method = {
  id: 'deeplift',
  name: 'DeepLIFT',
  description: 'Differences from the baseline, propagated by the rescale rule at ReLU-like activations.',
  paper: {
    title: 'Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1704.02685',
  },
  argsSchema: Type.Object(
    {
      multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply by the difference to the baseline.' }),
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
    const { passes, args, attributeTarget } = task;
    const scores = new GranularScores(passes, attributeTarget);
    const path = new PathIntegral(task);
    // Inputs, then baselines: the rescale rule compares the halves.
    const pair = path.features([1, 0]);
    const wanted = { source: pair.source !== null, target: attributeTarget };
    const multiply = args.multiply_by_inputs !== false;
    try {
      await passes.gradients(
        pair,
        wanted,
        (block) => {
          const times = (side: 'source' | 'target', input: Tensor2D | null, baseline: Tensor2D | null) => {
            const rows = block[side];
            if (rows === null || input === null || baseline === null || !multiply) return rows;
            return tf.mul(rows, perRow(passes, block, side, tf.sub(input, baseline))) as Tensor2D;
          };
          scores.put(block, {
            source: times('source', passes.sourceFeatures, passes.sourceBaseline),
            target: times('target', passes.targetFeatures, passes.targetBaseline),
          });
        },
        { rescale: true },
      );
    } finally {
      pair.source?.dispose();
      pair.target.dispose();
    }
    const { source, target } = scores;
    if (args.return_convergence_delta !== true) return { kind: 'granular', source, target };
    return { kind: 'granular', source, target, convergenceDelta: await path.convergenceDelta(scores) };
  },
};

export default deeplift;
