/** Layer DeepLIFT (Shrikumar et al. 2017; Captum's LayerDeepLift): DeepLIFT of a module's output. */

import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod } from '../method.ts';
import { disposeFeatures } from '../passes/sequence-features.ts';
import { attributedSides } from './parts/inputs.ts';
import {
  activationRows,
  LAYER_ARGS,
  LAYER_DELTA_ARG,
  LAYER_DELTA_PASSES,
  LayerScores,
  layerRows,
  resolveLayers,
} from './parts/layers.ts';
import { PATH_ARGS, pathFeatures, withDelta } from './parts/path-integral.ts';

export default defineMethod({
  id: 'layer_deeplift',
  name: 'Layer DeepLIFT',
  description: "The difference of a module's output from its baseline, times gradients by the rescale rule.",
  paper: {
    title: 'Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1704.02685',
  },
  argsSchema: Type.Object(
    { ...LAYER_ARGS, multiply_by_inputs: PATH_ARGS.multiply_by_inputs, ...LAYER_DELTA_ARG },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: 2, pulled: 1, evaluated: LAYER_DELTA_PASSES },

  async attribute(task) {
    const { args } = task;
    const names = resolveLayers(task);
    const scores = new LayerScores(task, names);
    const fold = task.passes.fold(scores);
    const pair = pathFeatures(task, [1, 0]);
    try {
      await task.objective.gradients(
        pair,
        { ...attributedSides(task), target: true },
        async (block) => {
          for (const [name, watched] of block.watched) {
            const rows = layerRows(watched);
            await scores.put(name, rows, block, () => {
              const [inputs, baselines] = tf.split<Tensor2D>(watched.activation, 2, 0);
              const gradient = watched.cotangent?.tensor ?? null;
              const delta = activationRows(rows, tf.sub(inputs, baselines));
              return args.multiply_by_inputs && gradient && delta ? tf.mul(gradient, delta) : gradient;
            });
          }
        },
        { watch: names, rescale: true, fold },
      );
    } finally {
      disposeFeatures(pair);
    }
    await fold.end();
    return names.length > 1 ? scores.result() : withDelta(task, scores);
  },
});
