/** Integrals of gradients along straight paths from the baselines to the inputs, for path methods. */

import { scoped } from '../../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { MethodTask } from '../../method.ts';
import type { Features, GradientBlock } from '../../passes/passes.ts';
import type { Sides } from '../../sides.ts';
import { type GranularScores, perRow } from './granular.ts';

type Side = Tensor2D | null;

interface Sum {
  block: GradientBlock;
  gradients: Sides<Side>;
  /** Gradients times each copy's own noise. */
  noisy: Sides<Side>;
}

/** Sums of weighted gradients along the path, kept on the device block by block. */
export class PathIntegral {
  readonly #task: MethodTask;
  readonly #sums = new Map<number, Sum>();

  constructor(task: MethodTask) {
    this.#task = task;
  }

  /** Features at points of the path, to be disposed by the caller; a side that is not attributed stays at its input. */
  features(alphas: ArrayLike<number>, noise: Sides<Side> = { source: null, target: null }): Features {
    const { passes, attributeTarget } = this.#task;
    const segments = alphas.length;
    const { sourceFeatures, sourceBaseline, targetFeatures, targetBaseline } = passes;
    return scoped(() => {
      const points = tf.tensor3d(Float32Array.from(alphas), [segments, 1, 1]);
      const interpolate = (input: Tensor2D, baseline: Tensor2D, side: Side): Tensor2D => {
        const { shape } = input;
        const start = tf.tile(tf.expandDims(tf.sub(input, baseline), 0), [segments, 1, 1]);
        const way = side === null ? start : tf.add(start, tf.reshape(side, [segments, ...shape]));
        return tf.keep(tf.reshape(tf.add(baseline, tf.mul(points, way)), [segments * shape[0], shape[1]]));
      };
      return {
        segments,
        source: sourceFeatures && sourceBaseline && interpolate(sourceFeatures, sourceBaseline, noise.source),
        target: attributeTarget
          ? interpolate(targetFeatures, targetBaseline, noise.target)
          : tf.keep(tf.tile(targetFeatures, [segments, 1])),
      };
    });
  }

  /**
   * Adds the gradients at points of the path.
   * @param noise - noise [points * positions, hidden] on the input end of each point's path (gradient SHAP)
   */
  async add(
    alphas: Float64Array,
    weights: Float64Array,
    noise: Sides<Side> = { source: null, target: null },
  ): Promise<void> {
    const { passes, attributeTarget } = this.#task;
    const features = this.features(alphas, noise);
    const wanted = { source: features.source !== null, target: attributeTarget };
    try {
      await passes.gradients(features, wanted, (block) => {
        const { segmentStart, segments } = block;
        const row = tf.tensor2d(Float32Array.from(weights.slice(segmentStart, segmentStart + segments)), [1, segments]);
        const weigh = (rows: Side): Side =>
          rows && tf.reshape(tf.matMul(row, tf.reshape(rows, [segments, -1]) as Tensor2D), [-1, rows.shape[1]]);
        const timesNoise = (rows: Side, side: keyof Sides<unknown>): Side => {
          const own = noise[side];
          if (rows === null || own === null) return null;
          const positions = own.shape[0] / alphas.length;
          const copies = tf.split<Tensor2D>(rows, segments, 0).map((gradients, copy) => {
            const start = (segmentStart + copy) * positions;
            return tf.mul(gradients, perRow(passes, block, side, tf.slice(own, [start, 0], [positions, own.shape[1]])));
          });
          return weigh(tf.concat2d(copies as Tensor2D[], 0));
        };
        this.#accumulate(block, {
          gradients: { source: weigh(block.source), target: weigh(block.target) },
          noisy: { source: timesNoise(block.source, 'source'), target: timesNoise(block.target, 'target') },
        });
      });
    } finally {
      features.source?.dispose();
      features.target.dispose();
    }
  }

  #accumulate(block: GradientBlock, more: Omit<Sum, 'block'>): void {
    const known = this.#sums.get(block.stepStart);
    const plus = (old: Side | undefined, added: Side): Side => {
      if (added === null) return null;
      const sum: Tensor2D = tf.keep(old ? tf.add(old, added) : added.clone());
      old?.dispose();
      return sum;
    };
    const both = (old: Sides<Side> | undefined, added: Sides<Side>): Sides<Side> => ({
      source: plus(old?.source, added.source),
      target: plus(old?.target, added.target),
    });
    this.#sums.set(block.stepStart, {
      block,
      gradients: both(known?.gradients, more.gradients),
      noisy: both(known?.noisy, more.noisy),
    });
  }

  /** Writes the attributions, the summed gradients times the way from the baseline, and frees the sums. */
  finish(scores: GranularScores, multiplyByInputs: boolean): void {
    const { passes } = this.#task;
    const way = (input: Side, baseline: Side): Side => input && baseline && tf.sub(input, baseline);
    for (const { block, gradients, noisy } of this.#sums.values()) {
      tf.tidy(() => {
        const times = (side: keyof Sides<unknown>, difference: Side): Side => {
          const rows = gradients[side];
          if (rows === null || difference === null || !multiplyByInputs) return rows;
          const product: Tensor2D = tf.mul(rows, perRow(passes, block, side, difference));
          const extra = noisy[side];
          return extra === null ? product : tf.add(product, extra);
        };
        scores.put(block, {
          source: times('source', way(passes.sourceFeatures, passes.sourceBaseline)),
          target: times('target', way(passes.targetFeatures, passes.targetBaseline)),
        });
      });
    }
    this.dispose();
  }

  /** Frees the sums. */
  dispose(): void {
    for (const { gradients, noisy } of this.#sums.values()) {
      for (const side of [gradients.source, gradients.target, noisy.source, noisy.target]) side?.dispose();
    }
    this.#sums.clear();
  }

  /**
   * How far the attributions of each step are from the change of its score: [steps].
   * @param scores - gives the sum of each step's attributions
   */
  async convergenceDelta(scores: { totals(): Float32Array }): Promise<Float32Array> {
    const { passes } = this.#task;
    const ends = this.features([0, 1]);
    let values: Float32Array;
    try {
      values = await passes.evaluate(ends);
    } finally {
      ends.source?.dispose();
      ends.target.dispose();
    }
    return scores.totals().map((total, t) => total - (values[passes.steps + t] - values[t]));
  }
}
