/** Integrals of gradients along straight paths from the baselines to the inputs, for path methods. */

import { Type } from 'typebox';
import type { Formula } from '../../../contract/catalogue.ts';
import type { Fold, Sums } from '../../../journal.ts';
import { scoped } from '../../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { MethodScores, MethodTask } from '../../method.ts';
import type { GradientBlock } from '../../passes/gradient-passes.ts';
import { disposeFeatures, type Features } from '../../passes/sequence-features.ts';
import { mapSides, type Sides } from '../../sides.ts';
import { type GranularScores, readSides } from './granular.ts';
import {
  attributedSides,
  baselinesOf,
  type Columns,
  featuresOf,
  inputDeltas,
  rowsPerColumn,
  type SideTensors,
  timesRows,
} from './inputs.ts';
import { QUADRATURES, type Quadrature } from './quadrature.ts';

/** The most nodes of a path: a request is not to run for hours. */
export const MAX_NODES = 1000;

/** Arguments that path methods share. */
export const PATH_ARGS = {
  n_steps: Type.Integer({ minimum: 1, maximum: MAX_NODES, default: 50, description: 'Quadrature nodes of each path.' }),
  method: Type.Unsafe<Quadrature>({
    ...Type.Union(QUADRATURES.map((name) => Type.Literal(name))),
    default: 'gausslegendre',
    description: 'Quadrature rule.',
  }),
  internal_batch_size: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    default: null,
    description: 'Nodes in one batch; null: as many as the memory budget allows. The result does not depend on it.',
  }),
  multiply_by_inputs: Type.Boolean({ default: true, description: 'Multiply by input − baseline.' }),
};

/** The argument of methods whose attributions add up to the change of the score. */
export const DELTA_ARG = {
  return_convergence_delta: Type.Boolean({
    default: false,
    description: 'Report how far the sum of the attributions is from the change of the score.',
  }),
};

/** The copies that it takes. */
export const DELTA_PASSES: Formula = ['*', 2, 'return_convergence_delta'];

const NO_NOISE: SideTensors = { source: null, target: null };

interface Sum {
  block: Columns;
  gradients: SideTensors;
  /** Gradients times each copy's own noise. */
  noisy: SideTensors;
}

/**
 * Features at points of the path, to be disposed by the caller; a side that is not attributed stays at its input.
 * @param alphas - 0 for the baseline, 1 for the input
 * @param noise - noise [points * positions, hidden] on the input end of each point's path
 */
export function pathFeatures(
  task: MethodTask<unknown>,
  alphas: ArrayLike<number>,
  noise: SideTensors = NO_NOISE,
): Features {
  const { passes } = task;
  const segments = alphas.length;
  const baselines = baselinesOf(passes);
  const attributed = attributedSides(task);
  return scoped(() => {
    const shares = tf.tensor3d(Float32Array.from(alphas), [segments, 1, 1]);
    const points = mapSides(featuresOf(passes), (input, side): Tensor2D | null => {
      const baseline = baselines[side];
      if (input === null || baseline === null) return null;
      if (!attributed[side]) return tf.keep(tf.tile(input, [segments, 1]));
      const { shape } = input;
      const own = noise[side];
      const delta = tf.expandDims(tf.sub(input, baseline), 0);
      const noisy = own === null ? delta : tf.add(delta, tf.reshape(own, [segments, ...shape]));
      const sums = tf.add(baseline, tf.mul(shares, noisy));
      // A point at 1 is the input itself, without rounding.
      const exact = own === null ? tf.where(tf.equal(shares, 1), tf.expandDims(input, 0), sums) : sums;
      return tf.keep(tf.reshape(exact, [segments * shape[0], shape[1]]));
    });
    return { segments, source: points.source, target: points.target as Tensor2D };
  });
}

/** A sum as it is put down. */
interface SavedSum {
  block: Columns;
  gradients: Sides<Float32Array | null>;
  noisy: Sides<Float32Array | null>;
}

/** Sums of weighted gradients along the path, kept on the device block by block. */
export class PathIntegral implements Sums<SavedSum[]> {
  readonly #task: MethodTask<unknown>;
  readonly #sums = new Map<number, Sum>();
  readonly #fold: Fold;

  constructor(task: MethodTask<unknown>) {
    this.#task = task;
    this.#fold = task.passes.fold(this);
  }

  get bytes(): number {
    const tensors = [...this.#sums.values()].flatMap(({ gradients, noisy }) => [gradients, noisy]);
    return tensors.reduce((sum, { source, target }) => sum + 4 * ((source?.size ?? 0) + (target?.size ?? 0)), 0);
  }

  save(): Promise<SavedSum[]> {
    return Promise.all(
      [...this.#sums.values()].map(async ({ block: { columnStart, columns }, gradients, noisy }) => {
        const [of, ofNoise] = [readSides(() => gradients), readSides(() => noisy)];
        return { block: { columnStart, columns }, gradients: await of, noisy: await ofNoise };
      }),
    );
  }

  load(saved: SavedSum[]): void {
    const width = this.#task.passes.targetFeatures.shape[1];
    const made = (sides: Sides<Float32Array | null>): SideTensors =>
      mapSides(sides, (values): Tensor2D | null => values && tf.tensor2d(values, [values.length / width, width]));
    for (const { block, gradients, noisy } of saved) {
      this.#sums.set(block.columnStart, { block, gradients: made(gradients), noisy: made(noisy) });
    }
  }

  /**
   * Adds the gradients at points of the path.
   * @param noise - as of `pathFeatures` (gradient SHAP)
   */
  async add(alphas: Float64Array, weights: Float64Array, noise: SideTensors = NO_NOISE): Promise<void> {
    const { objective } = this.#task;
    const features = pathFeatures(this.#task, alphas, noise);
    try {
      const visit = async (block: GradientBlock): Promise<void> => {
        tf.tidy(() => this.#accumulate(this.#weighted(block, alphas.length, weights, noise)));
      };
      await objective.gradients(features, attributedSides(this.#task), visit, { fold: this.#fold });
    } finally {
      disposeFeatures(features);
    }
  }

  /** A block's gradients, weighted and summed over its points. In a tidy. */
  #weighted(block: GradientBlock, points: number, weights: Float64Array, noise: SideTensors): Sum {
    const { segmentStart, segments } = block;
    const row = tf.tensor2d(Float32Array.from(weights.slice(segmentStart, segmentStart + segments)), [1, segments]);
    const weigh = (rows: Tensor2D | null): Tensor2D | null =>
      rows && tf.reshape(tf.matMul(row, tf.reshape(rows, [segments, -1]) as Tensor2D), [-1, rows.shape[1]]);
    const gradients: SideTensors = { source: block.source, target: block.target };
    const noisy = mapSides(gradients, (rows, side) => {
      const own = noise[side];
      if (rows === null || own === null) return null;
      const positions = own.shape[0] / points;
      const copies = tf.split<Tensor2D>(rows, segments, 0).map((copyRows, copy): Tensor2D => {
        const start = (segmentStart + copy) * positions;
        const copyNoise = tf.slice(own, [start, 0], [positions, own.shape[1]]);
        return tf.mul(copyRows, rowsPerColumn(this.#task.passes, block, side, copyNoise));
      });
      return weigh(tf.concat2d(copies, 0));
    });
    return { block, gradients: mapSides(gradients, weigh), noisy };
  }

  #accumulate({ block, gradients, noisy }: Sum): void {
    const known = this.#sums.get(block.columnStart);
    const plus = (sums: SideTensors | undefined, more: SideTensors): SideTensors =>
      mapSides(more, (added, side) => {
        if (added === null) return null;
        const sum = sums?.[side] ?? null;
        const total: Tensor2D = tf.keep(sum === null ? added.clone() : tf.add(sum, added));
        sum?.dispose();
        return total;
      });
    this.#sums.set(block.columnStart, {
      block,
      gradients: plus(known?.gradients, gradients),
      noisy: plus(known?.noisy, noisy),
    });
  }

  /** Writes the attributions, the summed gradients times input - baseline, and frees the sums. */
  async finish(scores: GranularScores, multiplyByInputs: boolean): Promise<void> {
    const { passes, onSteps } = this.#task;
    await this.#fold.end();
    for (const { block, gradients, noisy } of this.#sums.values()) {
      await scores.put(block, () => {
        if (!multiplyByInputs) return gradients;
        const products = timesRows(passes, block, gradients, inputDeltas(passes));
        return mapSides(products, (product, side): Tensor2D | null => {
          const extra = noisy[side];
          return product && extra ? tf.add(product, extra) : product;
        });
      });
      onSteps(block.columnStart + block.columns, scores.result());
    }
    this.dispose();
  }

  /** Frees the sums. */
  dispose(): void {
    for (const { gradients, noisy } of this.#sums.values()) {
      for (const tensor of [gradients.source, gradients.target, noisy.source, noisy.target]) tensor?.dispose();
    }
    this.#sums.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The scores as a method returns them, with the convergence delta where it is asked for: how far the sum of each column's
 * attributions is from the change of its score between baseline and input.
 */
export async function withDelta(
  task: MethodTask<{ return_convergence_delta: boolean }>,
  scores: { totals(): Float32Array; result(): MethodScores },
): Promise<MethodScores> {
  const { passes, objective, args } = task;
  if (!args.return_convergence_delta) return scores.result();
  const ends = pathFeatures(task, [0, 1]);
  let values: Float32Array;
  try {
    values = await objective.evaluate(ends);
  } finally {
    disposeFeatures(ends);
  }
  const convergenceDelta = scores.totals().map((total, c) => total - (values[passes.columns + c] - values[c]));
  return { ...scores.result(), convergenceDelta };
}
