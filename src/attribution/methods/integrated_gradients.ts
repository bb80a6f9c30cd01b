import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { GranularScores, perRow, type Sides } from '../granular.ts';
import type { Method, MethodTask } from '../method.ts';
import type { Features, GradientBlock } from '../passes.ts';
import { QUADRATURES, type Quadrature, quadrature } from '../quadrature.ts';

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
    const together = (args.internal_batch_size as number | null) ?? passes.segmentsTogether();
    for (let start = 0; start < nodes.alphas.length; start += together) {
      await path.add(nodes.alphas.slice(start, start + together), nodes.weights.slice(start, start + together));
      await task.tick(Math.min(start + together, nodes.alphas.length), nodes.alphas.length);
    }
    const sums = path.finish(scores, args.multiply_by_inputs !== false);
    if (args.return_convergence_delta !== true)
      return { kind: 'granular', source: scores.source, target: scores.target };
    const ends = await passes.evaluate(path.features([0, 1]));
    const convergenceDelta = sums.map((sum, t) => sum - (ends[passes.steps + t] - ends[t]));
    return { kind: 'granular', source: scores.source, target: scores.target, convergenceDelta };
  },
};

/** Sums of weighted gradients along the path, kept on the device block by block. */
class PathIntegral {
  readonly #task: MethodTask;
  /** For each block of steps, the sums so far. */
  readonly #sums = new Map<number, { block: GradientBlock; sides: Sides<Tensor2D | null> }>();

  constructor(task: MethodTask) {
    this.#task = task;
  }

  /** Features at points of the path; a side that is not attributed stays at its input. */
  features(alphas: ArrayLike<number>): Features {
    const { passes, attributeTarget } = this.#task;
    const segments = alphas.length;
    const points = tf.tensor3d(Float32Array.from(alphas), [segments, 1, 1]);
    const interpolate = (input: Tensor2D, baseline: Tensor2D): Tensor2D =>
      tf.reshape(tf.add(baseline, tf.mul(points, tf.sub(input, baseline))), [-1, input.shape[1]]);
    const { sourceFeatures, sourceBaseline, targetFeatures, targetBaseline } = passes;
    return {
      segments,
      source: sourceFeatures && sourceBaseline && interpolate(sourceFeatures, sourceBaseline),
      target: attributeTarget ? interpolate(targetFeatures, targetBaseline) : tf.tile(targetFeatures, [segments, 1]),
    };
  }

  async add(alphas: Float64Array, weights: Float64Array): Promise<void> {
    const { passes, attributeTarget } = this.#task;
    const features = this.features(alphas);
    const wanted = { source: features.source !== null, target: attributeTarget };
    await passes.gradients(features, wanted, (block) => {
      const part = weights.slice(block.segmentStart, block.segmentStart + block.segments);
      const row = tf.tensor2d(Float32Array.from(part), [1, block.segments]);
      const weigh = (gradients: Tensor2D | null): Tensor2D | null => {
        if (gradients === null) return null;
        const sum = tf.matMul(row, tf.reshape(gradients, [block.segments, -1]) as Tensor2D);
        return tf.reshape(sum, [-1, gradients.shape[1]]);
      };
      this.#accumulate(block, { source: weigh(block.source), target: weigh(block.target) });
    });
    features.source?.dispose();
    features.target.dispose();
  }

  #accumulate(block: GradientBlock, sides: Sides<Tensor2D | null>): void {
    const known = this.#sums.get(block.stepStart);
    const plus = (old: Tensor2D | null | undefined, more: Tensor2D | null): Tensor2D | null => {
      if (more === null) return null;
      const sum = tf.keep(old ? tf.add(old, more) : more.clone()) as Tensor2D;
      old?.dispose();
      return sum;
    };
    const sum = { source: plus(known?.sides.source, sides.source), target: plus(known?.sides.target, sides.target) };
    this.#sums.set(block.stepStart, { block, sides: sum });
  }

  /** Writes the attributions and returns their total for each step. */
  finish(scores: GranularScores, multiplyByInputs: boolean): Float32Array {
    const { passes } = this.#task;
    const totals = new Float32Array(passes.steps);
    const way = (input: Tensor2D | null, baseline: Tensor2D | null): Tensor2D | null =>
      input && baseline && tf.sub(input, baseline);
    for (const { block, sides } of this.#sums.values()) {
      tf.tidy(() => {
        const times = (gradients: Tensor2D | null, side: 'source' | 'target', difference: Tensor2D | null) =>
          gradients && difference && multiplyByInputs
            ? (tf.mul(gradients, perRow(passes, block, side, difference)) as Tensor2D)
            : gradients;
        const source = times(sides.source, 'source', way(passes.sourceFeatures, passes.sourceBaseline));
        const target = times(sides.target, 'target', way(passes.targetFeatures, passes.targetBaseline));
        scores.put(block, { source, target });
      });
      sides.source?.dispose();
      sides.target?.dispose();
    }
    for (const array of [scores.source, scores.target]) {
      if (array === null) continue;
      const [tokens, steps, hidden] = array.shape;
      for (let cell = 0; cell < tokens * steps; cell++) {
        for (let d = 0; d < hidden; d++) {
          const value = array.data[cell * hidden + d];
          if (!Number.isNaN(value)) totals[cell % steps] += value;
        }
      }
    }
    return totals;
  }
}

export default integratedGradients;
