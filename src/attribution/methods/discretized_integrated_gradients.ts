import { Type } from 'typebox';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Method, MethodTask } from '../method.ts';
import type { GradientBlock } from '../passes/passes.ts';
import type { ScoreArray } from '../scores.ts';
import type { Sides } from '../sides.ts';
import { GranularScores, perRow } from './parts/granular.ts';
import { MonotonicPaths, type PathStrategy } from './parts/monotonic-path.ts';
import { PathIntegral } from './parts/path-integral.ts';

/**
 * Discretized integrated gradients (Sanyal & Ren 2021): gradients along a path of words from the baseline to the token,
 * each times the way to the next point. The path stays near real words, where a straight line leaves them.
 */
const discretizedIntegratedGradients: Method = {
  id: 'discretized_integrated_gradients',
  name: 'Discretized integrated gradients',
  description: 'Integrated gradients along a path of real words from the baseline to each token.',
  paper: {
    title: 'Discretized Integrated Gradients for Explaining Language Models',
    url: 'https://arxiv.org/abs/2108.13654',
  },
  argsSchema: Type.Object(
    {
      n_steps: Type.Integer({
        minimum: 2,
        maximum: 1000,
        default: 50,
        description: 'Points of the path, baseline and token among them.',
      }),
      method: Type.Union([Type.Literal('greedy'), Type.Literal('maxcount')], {
        default: 'greedy',
        description:
          'The next word is the neighbour that is closest to moving towards the baseline in every dimension ' +
          '(greedy), or that moves towards it in most dimensions (maxcount).',
      }),
      n_neighbors: Type.Integer({
        minimum: 1,
        maximum: 500,
        default: 50,
        description: 'Nearest words among which the next one is chosen.',
      }),
      internal_batch_size: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        default: null,
        description:
          'Points run together; null: as many as the memory budget allows. The result does not depend on it.',
      }),
      multiply_by_inputs: Type.Boolean({
        default: false,
        description: 'Multiply once more by the way from the baseline to the token, as Inseq can.',
      }),
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
    const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds } = passes.sequence;
    const { length } = passes;
    const source = sourceIds && sourceBaselineIds && { ids: sourceIds, baselines: sourceBaselineIds };
    const target = { ids: targetIds.subarray(0, length), baselines: targetBaselineIds.subarray(0, length) };
    const paths = {
      source: source && (await wordPaths(task, 'source', source)),
      target: attributeTarget ? await wordPaths(task, 'target', target) : null,
    };
    const scores = new GranularScores(passes, attributeTarget);
    await sumAlong(task, paths, scores);
    const convergence =
      args.return_convergence_delta === true
        ? { convergenceDelta: await new PathIntegral(task).convergenceDelta(scores) }
        : {};
    if (args.multiply_by_inputs === true) {
      timesWholeWay(scores.source, passes.sourceFeatures, passes.sourceBaseline);
      timesWholeWay(scores.target, passes.targetFeatures, passes.targetBaseline);
    }
    return { kind: 'granular', source: scores.source, target: scores.target, ...convergence };
  },
};

/** Paths of one side's tokens: [points, tokens, hidden]. */
async function wordPaths(
  { passes, args, tick }: MethodTask,
  side: keyof Sides<unknown>,
  { ids, baselines }: { ids: Int32Array; baselines: Int32Array },
): Promise<Float32Array> {
  const { sourceEmbedding, targetEmbedding } = passes.model;
  const { table, scale } = side === 'source' && sourceEmbedding !== null ? sourceEmbedding : targetEmbedding;
  const points = args.n_steps as number;
  const paths = new MonotonicPaths(table, scale, passes.sequence.specialIds ?? new Set(), {
    points,
    neighbours: args.n_neighbors as number,
    strategy: args.method as PathStrategy,
  });
  try {
    // Walking the vocabulary is quick beside the gradients.
    return await paths.embeddings(ids, baselines, () => tick(0, points - 1));
  } finally {
    paths.dispose();
  }
}

/** Adds gradients times the way to the next point; the last point has no way to go and is not run. */
async function sumAlong(task: MethodTask, paths: Sides<Float32Array | null>, scores: GranularScores): Promise<void> {
  const { passes, args } = task;
  const hidden = passes.model.targetEmbedding.table.shape[1];
  const last = (args.n_steps as number) - 1;
  const together = Math.min((args.internal_batch_size as number | null) ?? passes.plan.copiesRecorded(), last);
  for (let start = 0; start < last; start += together) {
    const segments = Math.min(together, last - start);
    const wayFrom = (path: Float32Array, tokens: number): { at: Tensor2D; way: Tensor2D } => {
      const size = tokens * hidden;
      const points = (from: number): Tensor2D =>
        tf.tensor2d(path.subarray(from * size, (from + segments) * size), [segments * tokens, hidden]);
      const [at, next] = [points(start), points(start + 1)];
      return { at: tf.keep(at), way: tf.keep(tf.sub(next, at)) };
    };
    const { source, target } = scoped(() => ({
      source: paths.source && wayFrom(paths.source, passes.sourceLength),
      target: paths.target && wayFrom(paths.target, passes.length),
    }));
    const still = target === null ? tf.tile(passes.targetFeatures, [segments, 1]) : null;
    const features = { segments, source: source?.at ?? null, target: target?.at ?? (still as Tensor2D) };
    const wanted = { source: source !== null, target: target !== null };
    try {
      await passes.gradients(features, wanted, (block) => {
        scores.add(block, {
          source: timesWay(task, 'source', block, source?.way ?? null),
          target: timesWay(task, 'target', block, target?.way ?? null),
        });
      });
    } finally {
      for (const tensor of [source?.at, source?.way, target?.at, target?.way, still]) tensor?.dispose();
    }
    await task.tick(start + segments, last);
  }
}

/** A block's gradients times each copy's own way, summed over the copies. In a tidy. */
function timesWay(
  { passes }: MethodTask,
  side: keyof Sides<unknown>,
  block: GradientBlock,
  way: Tensor2D | null,
): Tensor2D | null {
  const gradients = block[side];
  if (gradients === null || way === null) return null;
  const tokens = side === 'source' ? passes.sourceLength : passes.length;
  const products = tf.split<Tensor2D>(gradients, block.segments, 0).map((rows, copy) => {
    const own = tf.slice(way, [(block.segmentStart + copy) * tokens, 0], [tokens, way.shape[1]]);
    return tf.mul(rows, perRow(passes, block, side, own));
  });
  return tf.addN(products) as Tensor2D;
}

/** Multiplies scores [tokens, steps, hidden] by the way from each token's baseline. */
function timesWholeWay(scores: ScoreArray | null, input: Tensor2D | null, baseline: Tensor2D | null): void {
  if (scores === null || input === null || baseline === null) return;
  const [, steps, hidden] = scores.shape;
  scoped(() => tf.sub(input, baseline).dataSync()).forEach((way, k) => {
    const [token, d] = [Math.floor(k / hidden), k % hidden];
    for (let t = 0; t < steps; t++) scores.data[(token * steps + t) * hidden + d] *= way;
  });
}

export default discretizedIntegratedGradients;
