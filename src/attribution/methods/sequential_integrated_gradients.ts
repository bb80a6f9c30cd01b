/**
 * Sequential integrated gradients (Enguehard 2023): integrated gradients of one token at a time, on a path along which
 * all other tokens stay as they are. Every token has its own path: n_steps passes per token, for all steps.
 */

import { Type } from 'typebox';
import type { Fold } from '../../journal.ts';
import { scoped } from '../../tensors/ops.ts';
import { read, readOptional } from '../../tensors/read.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodTask } from '../method.ts';
import type { GradientBlock } from '../passes/gradient-passes.ts';
import type { Passes } from '../passes/passes.ts';
import { disposeFeatures, type Features } from '../passes/sequence-features.ts';
import { mapSides, type Side } from '../sides.ts';
import { GranularScores } from './parts/granular.ts';
import {
  attributedSides,
  baselinesOf,
  featuresOf,
  inputDeltas,
  positionsOf,
  visiblePositions,
} from './parts/inputs.ts';
import { DELTA_ARG, DELTA_PASSES, PATH_ARGS, withDelta } from './parts/path-integral.ts';
import { type Nodes, quadrature } from './parts/quadrature.ts';

export default defineMethod({
  id: 'sequential_integrated_gradients',
  name: 'Sequential integrated gradients',
  description: 'Integrated gradients of one token at a time while the others stay in place.',
  paper: {
    title: 'Sequential Integrated Gradients: a simple but effective method for explaining language models',
    url: 'https://arxiv.org/abs/2305.15853',
  },
  argsSchema: Type.Object({ ...PATH_ARGS, ...DELTA_ARG }, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,
  passes: { recorded: ['*', 'n_steps', 'positions'], evaluated: DELTA_PASSES },

  async attribute(task) {
    const { passes, args } = task;
    const scores = new GranularScores(task);
    const nodes = quadrature(args.method, args.n_steps);
    const attributed = attributedSides(task);
    const sides = (['source', 'target'] as const).filter((side) => attributed[side]);
    const work = mapSides(positionsOf(passes), (positions) => positions * nodes.alphas.length);
    const total = sides.reduce((sum, side) => sum + work[side], 0);
    // All tokens that a column sees begin at 0.
    for (const side of sides) clear(passes, side, scores);
    const fold = passes.fold(scores);
    let finished = 0;
    for (const side of sides) {
      await integrateSide(task, side, nodes, { scores, fold }, (done) => task.onProgress(finished + done, total));
      finished += work[side];
    }
    await fold.end();
    return withDelta(task, scores);
  },
});

/** A point of a token's path. */
interface Point {
  position: number;
  alpha: number;
  weight: number;
}

async function integrateSide(
  { passes, objective, args }: MethodTask<{ internal_batch_size: number | null; multiply_by_inputs: boolean }>,
  side: Side,
  { alphas, weights }: Nodes,
  { scores, fold }: { scores: GranularScores; fold: Fold },
  onProgress: (done: number) => Promise<void>,
): Promise<void> {
  const array = scores[side];
  if (array === null) return;
  const positions = positionsOf(passes)[side];
  const deltas = args.multiply_by_inputs ? await readOptional(() => inputDeltas(passes)[side]) : null;
  const points: Point[] = [];
  for (let position = 0; position < positions; position++) {
    alphas.forEach((alpha, node) => void points.push({ position, alpha, weight: weights[node] }));
  }
  const batchSize = args.internal_batch_size ?? passes.plan.copiesRecorded();
  for (let start = 0; start < points.length; start += batchSize) {
    const batch = points.slice(start, start + batchSize);
    const features = scoped(() => copiesAt(passes, side, batch));
    try {
      const wanted = { source: side === 'source', target: side === 'target' };
      const visit = (block: GradientBlock) => addBlock(passes, side, batch, block, deltas, array.data);
      await objective.gradients(features, wanted, visit, { fold });
    } finally {
      disposeFeatures(features);
    }
    await onProgress(start + batch.length);
  }
}

function clear(passes: Passes, side: Side, scores: GranularScores): void {
  const array = scores[side];
  if (array === null) return;
  const [, columns, hidden] = array.shape;
  for (let column = 0; column < columns; column++) {
    for (let position = 0; position < visiblePositions(passes, side, column); position++) {
      const cell = position * columns + column;
      array.data.fill(0, cell * hidden, (cell + 1) * hidden);
    }
  }
}

/** Copies of the sequence in which one token is at a point of its path; to be disposed. */
function copiesAt(passes: Passes, moving: Side, points: readonly Point[]): Features {
  const segments = points.length;
  const baselines = baselinesOf(passes);
  const { source, target } = mapSides(featuresOf(passes), (input, side): Tensor2D | null => {
    const baseline = baselines[side];
    if (input === null || baseline === null) return null;
    return tf.keep(side === moving ? moved(input, baseline, points) : tf.tile(input, [segments, 1]));
  });
  return { segments, source, target: target as Tensor2D };
}

/** Copies of the input [points * positions, hidden], the i-th with one token at points[i]. In a tidy. */
function moved(input: Tensor2D, baseline: Tensor2D, points: readonly Point[]): Tensor2D {
  const length = input.shape[0];
  const positions = points.map(({ position }) => position);
  const alphas = points.map(({ alpha }) => alpha);
  const position = tf.tensor1d(positions, 'int32');
  const start = tf.gather(baseline, position);
  const delta = tf.sub(tf.gather(input, position), start);
  const at: Tensor2D = tf.add(start, tf.mul(tf.tensor2d(alphas, [points.length, 1]), delta));
  const index = Int32Array.from({ length: points.length * length }, (_, row) => {
    const [copy, p] = [Math.floor(row / length), row % length];
    return p === positions[copy] ? length + copy : p;
  });
  return tf.gather(tf.concat2d([input, at], 0), tf.tensor1d(index, 'int32'));
}

/** Adds the gradients of each copy's own token to the scores; those of the others are not read. */
async function addBlock(
  passes: Passes,
  side: Side,
  points: readonly Point[],
  block: GradientBlock,
  deltas: ArrayLike<number> | null,
  scores: Float32Array,
): Promise<void> {
  const gradients = block[side];
  if (gradients === null) return;
  const { segmentStart, segments, columnStart, columns } = block;
  const hidden = gradients.shape[1];
  const rows: number[] = [];
  const owners: { point: Point; column: number }[] = [];
  let offset = 0;
  for (let copy = 0; copy < segments; copy++) {
    const point = points[segmentStart + copy];
    for (let column = columnStart; column < columnStart + columns; column++) {
      const visible = visiblePositions(passes, side, column);
      if (point.position < visible) {
        rows.push(offset + point.position);
        owners.push({ point, column });
      }
      offset += visible;
    }
  }
  if (rows.length === 0) return;
  const own = await read(() => tf.gather(gradients, tf.tensor1d(rows, 'int32')));
  owners.forEach(({ point: { position, weight }, column }, k) => {
    const cell = (position * passes.columns + column) * hidden;
    for (let d = 0; d < hidden; d++) {
      const factor = deltas === null ? weight : weight * deltas[position * hidden + d];
      scores[cell + d] += factor * own[k * hidden + d];
    }
  });
}
