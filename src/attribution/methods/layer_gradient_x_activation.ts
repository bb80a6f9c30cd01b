import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import type { Method } from '../method.ts';
import { activationRows, LAYER_ARGS, LayerScores, resolveLayers } from './parts/layers.ts';

/**
 * Layer gradient x activation (Captum's LayerGradientXActivation): a module's output times the score's gradient there.
 * All layers asked for come from one forward and one pullback.
 */
const layerGradientXActivation: Method = {
  id: 'layer_gradient_x_activation',
  name: 'Layer gradient x activation',
  description: "A module's output at each token times the score's gradient there.",
  paper: {
    title: 'Not Just a Black Box: Learning Important Features Through Propagating Activation Differences',
    url: 'https://arxiv.org/abs/1605.01713',
  },
  argsSchema: Type.Object(
    {
      ...LAYER_ARGS,
      multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply the gradient by the activation.' }),
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,

  async attribute({ passes, args }) {
    const names = resolveLayers(passes, args.target_layer);
    const scores = new LayerScores(passes);
    const wanted = { source: passes.sourceFeatures !== null, target: true };
    await passes.gradients(
      passes.clean,
      wanted,
      (block) => {
        for (const [name, watched] of block.watched) {
          const activation = activationRows(watched, watched.activation);
          const gradient = watched.cotangent?.tensor ?? null;
          const product =
            activation && gradient && (args.multiply_by_inputs === false ? gradient : tf.mul(gradient, activation));
          scores.put(name, watched, block, product as typeof gradient);
        }
      },
      { watch: names },
    );
    return scores.finish(names, args.layer_aggregation as 'vnorm' | 'sum');
  },
};

export default layerGradientXActivation;
