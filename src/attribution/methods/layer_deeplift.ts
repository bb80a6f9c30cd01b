import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Method } from '../method.ts';
import { activationRows, LAYER_ARGS, LAYER_DELTA_ARG, LayerScores, resolveLayers } from './parts/layers.ts';
import { PathIntegral } from './parts/path-integral.ts';

/** Layer DeepLIFT (Shrikumar et al. 2017; Captum's LayerDeepLift): DeepLIFT of a module's output. */
const layerDeeplift: Method = {
  id: 'layer_deeplift',
  name: 'Layer DeepLIFT',
  description: "The difference of a module's output from its baseline, times gradients by the rescale rule.",
  paper: {
    title: 'Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1704.02685',
  },
  argsSchema: Type.Object(
    {
      ...LAYER_ARGS,
      multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply by the difference to the baseline.' }),
      return_convergence_delta: LAYER_DELTA_ARG,
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,

  async attribute(task) {
    const { passes, args } = task;
    const names = resolveLayers(passes, args.target_layer);
    const scores = new LayerScores(passes);
    const pair = new PathIntegral(task).features([1, 0]);
    const wanted = { source: passes.sourceFeatures !== null, target: true };
    try {
      await passes.gradients(
        pair,
        wanted,
        (block) => {
          for (const [name, watched] of block.watched) {
            const [inputs, baselines] = tf.split<Tensor2D>(watched.activation, 2, 0);
            const difference = activationRows(watched, tf.sub(inputs, baselines));
            const gradient = watched.cotangent?.tensor ?? null;
            const multiplied = args.multiply_by_inputs !== false;
            scores.put(
              name,
              watched,
              block,
              gradient && difference && multiplied ? tf.mul(gradient, difference) : gradient,
            );
          }
        },
        { watch: names, rescale: true },
      );
    } finally {
      pair.source?.dispose();
      pair.target.dispose();
    }
    const found = scores.finish(names, args.layer_aggregation as 'vnorm' | 'sum');
    if (args.return_convergence_delta !== true || names.length > 1) return found;
    return { ...found, convergenceDelta: await new PathIntegral(task).convergenceDelta(scores) };
  },
};

export default layerDeeplift;
