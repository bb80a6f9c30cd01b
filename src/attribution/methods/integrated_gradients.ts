import { Type } from 'typebox';
import type { Method } from '../method.ts';
import { GranularScores } from './parts/granular.ts';
import { PathIntegral } from './parts/path-integral.ts';
import { QUADRATURES, type Quadrature, quadrature } from './parts/quadrature.ts';

/**
 * Integrated gradients (Sundararajan et al. 2017, section 3): gradients along the straight path from the baseline,
 * times the way. Every node of the path is one pass for all steps.
 */
const integratedGradients: Method = {
  id: 'integrated_gradients',
  name: 'Integrated gradients',
  description: 'Gradients integrated along the straight path from the baseline: shares that add up to the change.',
  paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
  argsSchema: Type.Object(
    {
      n_steps: Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'Nodes of the path.' }),
      method: Type.Union(
        QUADRATURES.map((name) => Type.Literal(name)),
        { default: 'gausslegendre', description: 'Quadrature of the path.' },
      ),
      internal_batch_size: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        default: null,
        description: 'Nodes run together; null: as many as the memory budget allows. The result does not depend on it.',
      }),
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
    const { passes, args, attributeTarget } = task;
    const nodes = quadrature(args.method as Quadrature, args.n_steps as number);
    const scores = new GranularScores(passes, attributeTarget);
    const path = new PathIntegral(task);
    const together = (args.internal_batch_size as number | null) ?? passes.plan.copiesRecorded();
    try {
      for (let start = 0; start < nodes.alphas.length; start += together) {
        await path.add(nodes.alphas.slice(start, start + together), nodes.weights.slice(start, start + together));
        await task.tick(Math.min(start + together, nodes.alphas.length), nodes.alphas.length);
      }
      path.finish(scores, args.multiply_by_inputs !== false);
    } finally {
      path.dispose();
    }
    const { source, target } = scores;
    if (args.return_convergence_delta !== true) return { kind: 'granular', source, target };
    return { kind: 'granular', source, target, convergenceDelta: await path.convergenceDelta(scores) };
  },
};

export default integratedGradients;
