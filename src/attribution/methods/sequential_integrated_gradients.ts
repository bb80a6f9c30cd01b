import { Type } from 'typebox';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Method, MethodTask } from '../method.ts';
import type { Features, GradientBlock, Passes } from '../passes/passes.ts';
import type { Sides } from '../sides.ts';
import { GranularScores } from './parts/granular.ts';
import { PathIntegral } from './parts/path-integral.ts';
import { type Nodes, QUADRATURES, type Quadrature, quadrature } from './parts/quadrature.ts';

/**
 * Sequential integrated gradients (Enguehard 2023): integrated gradients of one token at a time, on a path along which
 * all other tokens stay as they are. A path of its own for every token: n_steps passes per token, for all steps.
 */
const sequentialIntegratedGradients: Method = {
  id: 'sequential_integrated_gradients',
  name: 'Sequential integrated gradients',
  description: 'Integrated gradients of one token at a time while the others stay in place.',
  paper: {
    title: 'Sequential Integrated Gradients: a simple but effective method for explaining language models',
    url: 'https://arxiv.org/abs/2305.15853',
  },
  argsSchema: Type.Object(
    {
      n_steps: Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: "Nodes of each token's path." }),
      method: Type.Union(
        QUADRATURES.map((name) => Type.Literal(name)),
        { default: 'gausslegendre', description: 'Quadrature of the paths.' },
      ),
      internal_batch_size: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        default: null,
        description: 'Nodes run together; null: as many as the memory budget allows. The result does not depend on it.',
      }),
      multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply by the way from the baseline.' }),
      return_convergence_delta: Type.Boolean({
        default: false,
        description:
          'Report how far the attributions are from adding up to the change of the score when all tokens are replaced.',
      }),
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: true,

  async attribute(task) {
    const { passes, args, attributeTarget } = task;
    const scores = new GranularScores(passes, attributeTarget);
    const nodes = quadrature(args.method as Quadrature, args.n_steps as number);
    const sides: (keyof Sides<unknown>)[] = [];
    if (passes.sourceFeatures !== null) sides.push('source');
    if (attributeTarget) sides.push('target');
    const tokens = { source: passes.sourceLength, target: passes.length };
    const total = sides.reduce((sum, side) => sum + tokens[side], 0) * nodes.alphas.length;
    let done = 0;
    for (const side of sides) {
      await integrateSide(task, side, nodes, scores, (count) => task.tick(done + count, total));
      done += tokens[side] * nodes.alphas.length;
    }
    const { source, target } = scores;
    if (args.return_convergence_delta !== true) return { kind: 'granular', source, target };
    const convergenceDelta = await new PathIntegral(task).convergenceDelta(scores);
    return { kind: 'granular', source, target, convergenceDelta };
  },
};

/** A point of a token's path. */
interface Point {
  position: number;
  alpha: number;
  weight: number;
}

async function integrateSide(
  task: MethodTask,
  side: keyof Sides<unknown>,
  { alphas, weights }: Nodes,
  scores: GranularScores,
  tick: (done: number) => Promise<void>,
): Promise<void> {
  const { passes, args } = task;
  const array = scores[side];
  const input = side === 'source' ? passes.sourceFeatures : passes.targetFeatures;
  const baseline = side === 'source' ? passes.sourceBaseline : passes.targetBaseline;
  if (array === null || input === null || baseline === null) return;
  const hidden = input.shape[1];
  const way =
    args.multiply_by_inputs === false ? null : (scoped(() => tf.sub(input, baseline).dataSync()) as Float32Array);
  const points: Point[] = [];
  for (let position = 0; position < input.shape[0]; position++) {
    alphas.forEach((alpha, node) => {
      points.push({ position, alpha, weight: weights[node] });
    });
  }
  for (let cell = 0; cell < input.shape[0] * passes.steps; cell++) {
    const [position, t] = [Math.floor(cell / passes.steps), cell % passes.steps];
    if (visible(passes, side, position, t)) array.data.fill(0, cell * hidden, (cell + 1) * hidden);
  }
  const together = (args.internal_batch_size as number | null) ?? passes.plan.copiesRecorded();
  for (let start = 0; start < points.length; start += together) {
    const batch = points.slice(start, start + together);
    const features = scoped(() => moved(passes, side, batch));
    try {
      await passes.gradients(features, { source: side === 'source', target: side === 'target' }, (block) => {
        const gradients = block[side];
        if (gradients !== null) addBlock(passes, side, batch, block, gradients, way, array.data);
      });
    } finally {
      features.source?.dispose();
      features.target.dispose();
    }
    await tick(Math.min(start + together, points.length));
  }
}

const visible = (passes: Passes, side: keyof Sides<unknown>, position: number, t: number): boolean =>
  side === 'source' || position <= passes.read[t];

/** Copies of the sequence in which one token is at a point of its path; to be disposed. */
function moved(passes: Passes, side: keyof Sides<unknown>, points: readonly Point[]): Features {
  const { sourceFeatures, sourceBaseline, targetFeatures, targetBaseline } = passes;
  const segments = points.length;
  const move = (input: Tensor2D, baseline: Tensor2D): Tensor2D => {
    const length = input.shape[0];
    const position = tf.tensor1d(
      points.map((point) => point.position),
      'int32',
    );
    const alpha = tf.tensor2d(
      points.map((point) => point.alpha),
      [segments, 1],
    );
    const from = tf.gather(baseline, position);
    const at = tf.add(from, tf.mul(alpha, tf.sub(tf.gather(input, position), from)));
    const index = Int32Array.from({ length: segments * length }, (_, row) => {
      const [s, p] = [Math.floor(row / length), row % length];
      return p === points[s].position ? length + s : p;
    });
    return tf.keep(tf.gather(tf.concat2d([input, at as Tensor2D], 0), tf.tensor1d(index, 'int32')));
  };
  const still = (input: Tensor2D): Tensor2D => tf.keep(tf.tile(input, [segments, 1]));
  const source =
    sourceFeatures &&
    (side === 'source' && sourceBaseline ? move(sourceFeatures, sourceBaseline) : still(sourceFeatures));
  return { segments, source, target: side === 'target' ? move(targetFeatures, targetBaseline) : still(targetFeatures) };
}

/** Adds the gradients of each copy's own token; the others are not asked for. */
function addBlock(
  passes: Passes,
  side: keyof Sides<unknown>,
  points: readonly Point[],
  { segmentStart, segments, stepStart, steps }: GradientBlock,
  gradients: Tensor2D,
  way: Float32Array | null,
  data: Float32Array,
): void {
  const hidden = gradients.shape[1];
  const rows: number[] = [];
  const owners: { point: Point; t: number }[] = [];
  let offset = 0;
  for (let s = 0; s < segments; s++) {
    const point = points[segmentStart + s];
    for (let t = stepStart; t < stepStart + steps.count; t++) {
      if (visible(passes, side, point.position, t)) {
        rows.push(offset + point.position);
        owners.push({ point, t });
      }
      offset += side === 'source' ? passes.sourceLength : passes.read[t] + 1;
    }
  }
  if (rows.length === 0) return;
  const own = tf.gather(gradients, tf.tensor1d(rows, 'int32')).dataSync();
  owners.forEach(({ point: { position, weight }, t }, k) => {
    const cell = (position * passes.steps + t) * hidden;
    for (let d = 0; d < hidden; d++) {
      const factor = way === null ? weight : weight * way[position * hidden + d];
      data[cell + d] += factor * own[k * hidden + d];
    }
  });
}

export default sequentialIntegratedGradients;
