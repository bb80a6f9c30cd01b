/**
 * Discretized integrated gradients (Sanyal & Ren 2021): gradients along a path of words from the baseline to the token,
 * each times the delta to the next point. The path stays near real words, where a straight line leaves them.
 */

import { type Static, Type } from 'typebox';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodTask } from '../method.ts';
import type { GradientBlock } from '../passes/gradient-passes.ts';
import type { ScoreArray } from '../scores.ts';
import { mapSides, type Side, type Sides } from '../sides.ts';
import { GranularScores, readSides } from './parts/granular.ts';
import { attributedSides, featuresOf, inputDeltas, positionsOf, rowsPerColumn } from './parts/inputs.ts';
import { MonotonicPaths } from './parts/monotonic-path.ts';
import { DELTA_ARG, DELTA_PASSES, MAX_NODES, PATH_ARGS, withDelta } from './parts/path-integral.ts';

const Args = Type.Object(
  {
    n_steps: Type.Integer({
      minimum: 2,
      maximum: MAX_NODES,
      default: 50,
      description: 'Points of the path, baseline and token included.',
    }),
    method: Type.Union([Type.Literal('greedy'), Type.Literal('maxcount')], {
      default: 'greedy',
      description:
        'The next word is the neighbor that is closest to moving towards the baseline in every dimension ' +
        '(greedy), or that moves towards it in most dimensions (maxcount).',
    }),
    n_neighbors: Type.Integer({
      minimum: 1,
      maximum: 500,
      default: 50,
      description: 'Nearest words among which the next one is chosen.',
    }),
    internal_batch_size: PATH_ARGS.internal_batch_size,
    multiply_by_inputs: Type.Boolean({
      default: false,
      description: 'Multiply once more by input − baseline, as Inseq can.',
    }),
    ...DELTA_ARG,
  },
  { additionalProperties: false },
);
type Task = MethodTask<Static<typeof Args>>;

export default defineMethod({
  id: 'discretized_integrated_gradients',
  name: 'Discretized integrated gradients',
  description: 'Integrated gradients along a path of real words from the baseline to each token.',
  paper: {
    title: 'Discretized Integrated Gradients for Explaining Language Models',
    url: 'https://arxiv.org/abs/2108.13654',
  },
  argsSchema: Args,
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: ['+', 'n_steps', -1], evaluated: DELTA_PASSES },

  async attribute(task) {
    const attributed = attributedSides(task);
    const paths: Sides<Float32Array | null> = {
      source: attributed.source ? await wordPaths(task, 'source') : null,
      target: attributed.target ? await wordPaths(task, 'target') : null,
    };
    const scores = new GranularScores(task);
    await sumAlong(task, paths, scores);
    // The delta is that of the sums along the path, before they are multiplied.
    const result = await withDelta(task, scores);
    if (task.args.multiply_by_inputs) await timesInputDeltas(task, scores);
    return result;
  },
});

/** Paths of one side's tokens: [points, tokens, hidden]. */
async function wordPaths({ passes, args, onProgress }: Task, side: Side): Promise<Float32Array> {
  const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds, specialIds } = passes.sequence;
  const { sourceEmbedding, targetEmbedding } = passes.model;
  const { table, scale } = (side === 'source' ? sourceEmbedding : null) ?? targetEmbedding;
  const ids = (side === 'source' ? sourceIds : null) ?? targetIds;
  const baselines = (side === 'source' ? sourceBaselineIds : null) ?? targetBaselineIds;
  const tokens = positionsOf(passes)[side];
  const paths = new MonotonicPaths(table, scale, specialIds ?? new Set(), {
    points: args.n_steps,
    neighbors: args.n_neighbors,
    strategy: args.method,
  });
  try {
    // Walking the vocabulary is quick beside the gradients.
    const walked = () => onProgress(0, args.n_steps - 1);
    return await paths.embeddings(ids.subarray(0, tokens), baselines.subarray(0, tokens), walked);
  } finally {
    paths.dispose();
  }
}

/** Some points of the paths of one side: [points * tokens, hidden] each. */
interface PathPoints {
  at: Tensor2D;
  /** To the next point. */
  delta: Tensor2D;
}

/** Adds gradients times the delta to the next point; the last point has no next one and is not run. */
async function sumAlong(task: Task, paths: Sides<Float32Array | null>, scores: GranularScores): Promise<void> {
  const { passes, args } = task;
  const last = args.n_steps - 1;
  const hidden = passes.model.targetEmbedding.table.shape[1];
  const fold = passes.fold(scores);
  const batchSize = Math.min(args.internal_batch_size ?? passes.plan.copiesRecorded(), last);
  for (let start = 0; start < last; start += batchSize) {
    const segments = Math.min(batchSize, last - start);
    const points = scoped(() =>
      mapSides(paths, (path, side) => path && pathPoints(path, start, segments, positionsOf(passes)[side], hidden)),
    );
    const features = mapSides(
      featuresOf(passes),
      (clean, side): Tensor2D | null => points[side]?.at ?? (clean && tf.tile(clean, [segments, 1])),
    );
    try {
      const { source, target } = features;
      const wanted = attributedSides(task);
      const visit = (block: GradientBlock): Promise<void> =>
        scores.add(block, () => mapSides(points, (side, name) => timesDeltas(task, name, block, side?.delta ?? null)));
      await task.objective.gradients({ segments, source, target: target as Tensor2D }, wanted, visit, { fold });
    } finally {
      mapSides(points, (side) => side?.delta.dispose());
      mapSides(features, (tensor) => tensor?.dispose());
    }
    await task.onProgress(start + segments, last);
  }
  await fold.end();
}

/** Points from `start` on and their deltas, which the caller disposes. */
function pathPoints(path: Float32Array, start: number, segments: number, tokens: number, hidden: number): PathPoints {
  const size = tokens * hidden;
  const points = (from: number): Tensor2D =>
    tf.tensor2d(path.subarray(from * size, (from + segments) * size), [segments * tokens, hidden]);
  const [at, next] = [points(start), points(start + 1)];
  return { at: tf.keep(at), delta: tf.keep(tf.sub(next, at)) };
}

/** A block's gradients times each copy's own delta, summed over the copies. In a tidy. */
function timesDeltas({ passes }: Task, side: Side, block: GradientBlock, deltas: Tensor2D | null): Tensor2D | null {
  const gradients = block[side];
  if (gradients === null || deltas === null) return null;
  const tokens = positionsOf(passes)[side];
  const products = tf.split<Tensor2D>(gradients, block.segments, 0).map((rows, copy) => {
    const own = tf.slice(deltas, [(block.segmentStart + copy) * tokens, 0], [tokens, deltas.shape[1]]);
    return tf.mul(rows, rowsPerColumn(passes, block, side, own));
  });
  return tf.addN(products) as Tensor2D;
}

/** Multiplies scores [tokens, columns, hidden] by each token's input - baseline. */
async function timesInputDeltas({ passes }: Task, scores: GranularScores): Promise<void> {
  const deltas = await readSides(() => inputDeltas(passes));
  mapSides<ScoreArray | null, void>(scores, (array, side) => {
    const own = deltas[side];
    if (array === null || own === null) return;
    const [, columns, hidden] = array.shape;
    own.forEach((delta, k) => {
      const [token, d] = [Math.floor(k / hidden), k % hidden];
      for (let column = 0; column < columns; column++) array.data[(token * columns + column) * hidden + d] *= delta;
    });
  });
}
