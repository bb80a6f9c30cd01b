import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Method, MethodTask } from '../method.ts';
import type { GradientBlock, Watched } from '../passes/passes.ts';
import { activationRows, LAYER_ARGS, LAYER_DELTA_ARG, LayerScores, resolveLayers } from './parts/layers.ts';
import { PathIntegral } from './parts/path-integral.ts';
import { QUADRATURES, type Quadrature, quadrature } from './parts/quadrature.ts';

/**
 * Layer integrated gradients (Sundararajan et al. 2017; Captum's LayerIntegratedGradients): gradients along the
 * straight path between a module's outputs for baseline and input, the rest of the model seeing the input.
 */
const layerIntegratedGradients: Method = {
  id: 'layer_integrated_gradients',
  name: 'Layer integrated gradients',
  description: "Gradients integrated along the path of a module's output from baseline to input.",
  paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
  argsSchema: Type.Object(
    {
      ...LAYER_ARGS,
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
    const ends = new PathIntegral(task).features([1, 0]);
    const activations = passes.values(ends, names);
    ends.source?.dispose();
    ends.target.dispose();
    try {
      for (const [index, name] of names.entries()) {
        const pair = activations.get(name);
        if (pair !== undefined) await integrateLayer(task, name, pair, scores, index, names.length);
      }
    } finally {
      for (const pair of activations.values()) pair.dispose();
    }
    const found = scores.finish(names, args.layer_aggregation as 'vnorm' | 'sum');
    if (args.return_convergence_delta !== true || names.length > 1) return found;
    return { ...found, convergenceDelta: await new PathIntegral(task).convergenceDelta(scores) };
  },
};

/** One layer's integral. `pair`: its outputs for input, then baseline. */
async function integrateLayer(
  task: MethodTask,
  name: string,
  pair: Tensor2D,
  scores: LayerScores,
  layer: number,
  layers: number,
): Promise<void> {
  const { passes, args } = task;
  const { alphas, weights } = quadrature(args.method as Quadrature, args.n_steps as number);
  const sums = new Map<number, { block: GradientBlock; watched: Watched; rows: Tensor2D }>();
  const together = (args.internal_batch_size as number | null) ?? passes.plan.copiesRecorded();
  try {
    for (let start = 0; start < alphas.length; start += together) {
      const points = alphas.slice(start, start + together);
      const copies = points.length;
      const features = tf.tidy(() => [
        passes.sourceFeatures === null ? tf.zeros([0]) : tf.tile(passes.sourceFeatures, [copies, 1]),
        tf.tile(passes.targetFeatures, [copies, 1]),
      ]);
      const source = passes.sourceFeatures === null ? null : (features[0] as Tensor2D);
      // Gradients start at the layer: what comes before it needs none.
      try {
        await passes.gradients(
          { segments: copies, source, target: features[1] as Tensor2D },
          { source: false, target: false },
          (block) => {
            const watched = block.watched.get(name);
            if (watched?.cotangent == null) return;
            const own = Float32Array.from(
              weights.slice(start + block.segmentStart, start + block.segmentStart + block.segments),
            );
            const gradients = tf.reshape(watched.cotangent.tensor, [block.segments, -1]) as Tensor2D;
            const sum = tf.reshape(tf.matMul(tf.tensor2d(own, [1, block.segments]), gradients), [-1, pair.shape[1]]);
            const known = sums.get(block.stepStart);
            const rows = tf.keep(known ? tf.add(known.rows, sum) : sum.clone()) as Tensor2D;
            known?.rows.dispose();
            sums.set(block.stepStart, { block, watched, rows });
          },
          {
            watch: [name],
            replace: (value, { tensor }) => (value === name ? interpolate(pair, points, tensor.shape[0]) : null),
          },
        );
      } finally {
        for (const tensor of features) tensor.dispose();
      }
      await task.tick(layer * alphas.length + start + copies, layers * alphas.length);
    }
    for (const { block, watched, rows } of sums.values()) {
      tf.tidy(() => {
        const [input, baseline] = tf.split<Tensor2D>(pair, 2, 0);
        const way = activationRows(watched, tf.sub(input, baseline));
        const product = way !== null && args.multiply_by_inputs !== false ? tf.mul(rows, way) : rows;
        scores.put(name, watched, block, product as Tensor2D);
      });
    }
  } finally {
    for (const { rows } of sums.values()) rows.dispose();
  }
}

/** The layer's outputs at points of the path: [points * positions, width]. */
function interpolate(pair: Tensor2D, points: Float64Array, rows: number): Tensor2D {
  const [input, baseline] = tf.split<Tensor2D>(pair, 2, 0);
  const alphas = tf.tensor3d(Float32Array.from(points), [points.length, 1, 1]);
  return tf.reshape(tf.add(baseline, tf.mul(alphas, tf.sub(input, baseline))), [rows, pair.shape[1]]);
}

export default layerIntegratedGradients;
