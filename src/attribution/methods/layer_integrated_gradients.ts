/**
 * Layer integrated gradients (Sundararajan et al. 2017; Captum's LayerIntegratedGradients): gradients along the
 * straight path between a module's outputs for baseline and input, while the rest of the model sees the input.
 */

import { Type } from 'typebox';

import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodTask } from '../method.ts';
import type { GradientBlock, Watched } from '../passes/gradient-passes.ts';
import { disposeFeatures } from '../passes/sequence-features.ts';
import {
  activationRows,
  LAYER_ARGS,
  LAYER_DELTA_ARG,
  LAYER_DELTA_PASSES,
  LayerScores,
  resolveLayers,
} from './parts/layers.ts';
import { PATH_ARGS, pathFeatures, withDelta } from './parts/path-integral.ts';
import { type Nodes, quadrature } from './parts/quadrature.ts';

export default defineMethod({
  id: 'layer_integrated_gradients',
  name: 'Layer integrated gradients',
  description: "Gradients integrated along the path of a module's output from baseline to input.",
  paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
  argsSchema: Type.Object({ ...LAYER_ARGS, ...PATH_ARGS, ...LAYER_DELTA_ARG }, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: ['*', 'layers_asked', 'n_steps'], evaluated: LAYER_DELTA_PASSES, apart: 2 },

  async attribute(task) {
    const { passes, args } = task;
    const names = resolveLayers(task);
    const scores = new LayerScores(task, names);
    const nodes = quadrature(args.method, args.n_steps);
    const ends = pathFeatures(task, [1, 0]);
    let activations: Map<string, Tensor2D>;
    try {
      activations = passes.values(ends, names);
    } finally {
      disposeFeatures(ends);
    }
    const total = names.length * args.n_steps;
    try {
      for (const [index, name] of names.entries()) {
        const pair = activations.get(name);
        if (pair === undefined) continue;
        await integrateLayer(task, { name, pair }, nodes, scores, (done) =>
          task.onProgress(index * args.n_steps + done, total),
        );
      }
    } finally {
      for (const pair of activations.values()) pair.dispose();
    }
    return names.length > 1 ? scores.result() : withDelta(task, scores);
  },
});

interface Layer {
  name: string;
  /** Its outputs for the input, then for the baseline: [2 * positions, width] */
  pair: Tensor2D;
}

/** One layer's integral, written into the scores. */
async function integrateLayer(
  { passes, objective, args }: MethodTask<{ internal_batch_size: number | null; multiply_by_inputs: boolean }>,
  { name, pair }: Layer,
  { alphas, weights }: Nodes,
  scores: LayerScores,
  onProgress: (done: number) => Promise<void>,
): Promise<void> {
  const sums = new Map<number, { block: GradientBlock; watched: Watched; rows: Tensor2D }>();
  const batchSize = args.internal_batch_size ?? passes.plan.copiesRecorded();
  try {
    for (let start = 0; start < alphas.length; start += batchSize) {
      const points = alphas.slice(start, start + batchSize);
      const features = passes.copies(points.length);
      try {
        await objective.gradients(
          features,
          // Gradients start at the layer: what comes before it needs none.
          { source: false, target: false },
          async (block) => {
            const watched = block.watched.get(name);
            const cotangent = watched?.cotangent?.tensor;
            if (watched === undefined || cotangent === undefined) return;
            const first = start + block.segmentStart;
            const own = Float32Array.from(weights.slice(first, first + block.segments));
            const before = sums.get(block.columnStart)?.rows;
            const rows = tf.tidy((): Tensor2D => {
              const gradients = tf.reshape(cotangent, [block.segments, -1]) as Tensor2D;
              const sum = tf.reshape(tf.matMul(tf.tensor2d(own, [1, block.segments]), gradients), [-1, pair.shape[1]]);
              return tf.keep(before ? tf.add(before, sum) : sum.clone()) as Tensor2D;
            });
            before?.dispose();
            sums.set(block.columnStart, { block, watched, rows });
          },
          {
            watch: [name],
            replace: (value, { tensor }) => (value === name ? interpolate(pair, points, tensor.shape[0]) : null),
          },
        );
      } finally {
        disposeFeatures(features);
      }
      await onProgress(start + points.length);
    }
    for (const { block, watched, rows } of sums.values()) {
      await scores.put(name, watched, block, () => {
        const [input, baseline] = tf.split<Tensor2D>(pair, 2, 0);
        const delta = activationRows(watched, tf.sub(input, baseline));
        return args.multiply_by_inputs && delta ? tf.mul(rows, delta) : rows;
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
