/**
 * Layer gradient x activation (Captum's LayerGradientXActivation): a module's output times the score's gradient there.
 * All layers asked for come from one forward and one pullback.
 */

import { Type } from 'typebox';
import { tf } from '../../tensors/tf.ts';
import { defineMethod } from '../method.ts';
import { attributedSides } from './parts/inputs.ts';
import { activationRows, LAYER_ARGS, LayerScores, layerRows, resolveLayers } from './parts/layers.ts';

export default defineMethod({
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
  passes: { recorded: 1 },

  async attribute(task) {
    const { passes, args } = task;
    const names = resolveLayers(task);
    const scores = new LayerScores(task, names);
    const fold = passes.fold(scores);
    await task.objective.gradients(
      passes.clean,
      { ...attributedSides(task), target: true },
      async (block) => {
        for (const [name, watched] of block.watched) {
          const rows = layerRows(watched);
          await scores.put(name, rows, block, () => {
            const gradient = watched.cotangent?.tensor ?? null;
            const activation = activationRows(rows, watched.activation);
            return args.multiply_by_inputs ? gradient && activation && tf.mul(gradient, activation) : gradient;
          });
        }
        task.onSteps(block.columnStart + block.columns, scores.result());
      },
      { watch: names, fold },
    );
    await fold.end();
    return scores.result();
  },
});
