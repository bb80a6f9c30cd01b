/**
 * Gradients at noisy copies of the input, for SmoothGrad and its kin: their means and squared deviations, from one set of
 * passes for all steps. The noise is shared by all steps; a side that is not attributed stays at its input.
 */

import { Type } from 'typebox';
import type { Sums } from '../../../journal.ts';
import { scoped } from '../../../tensors/ops.ts';
import { read } from '../../../tensors/read.ts';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { MethodScores, MethodTask } from '../../method.ts';
import type { GradientBlock } from '../../passes/gradient-passes.ts';
import { disposeFeatures, type Features } from '../../passes/sequence-features.ts';
import { mapSides, type Sides } from '../../sides.ts';
import { GranularScores, readSides } from './granular.ts';
import { attributedSides, type Columns, featuresOf, type SideTensors } from './inputs.ts';

/** Noise that is drawn where `stdevs` is null, in standard deviations of a side's embeddings. */
const NOISE_LEVEL = 0.15;

/** Arguments of methods that add noise. */
export const NOISE_ARGS = {
  n_samples: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 50,
    description: 'Noisy copies of the text, a forward and a backward pass each. The seed of the request draws them.',
  }),
  stdevs: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], {
    default: null,
    description:
      `Standard deviation of the Gaussian noise on each dimension of the embeddings; null: ${NOISE_LEVEL} times the ` +
      "standard deviation of all numbers of the side's embeddings.",
  }),
};

type Task = MethodTask<{ n_samples: number; stdevs: number | null }>;

/** Of the gradients of one side and block of steps, over the samples so far: [rows of one copy, hidden] each. */
interface Moments {
  mean: Tensor2D;
  /** Mean squared deviation from the mean: the variance of the samples. */
  variance: Tensor2D;
}

/**
 * Scores from the moments of the gradients at `n_samples` noisy copies.
 * @param score - receives the moments over all samples, in a tidy
 */
export async function noisyScores(task: Task, score: (moments: Moments) => Tensor2D): Promise<MethodScores> {
  const { passes, args, objective } = task;
  const attributed = attributedSides(task);
  const stdevs = await noiseLevels(task);
  const scores = new GranularScores(task);
  using moments = new RunningMoments(passes.targetFeatures.shape[1]);
  const fold = passes.fold(moments);
  const batchSize = passes.plan.copiesRecorded();
  for (let start = 0; start < args.n_samples; start += batchSize) {
    const copies = Math.min(batchSize, args.n_samples - start);
    const features = noisyCopies(task, copies, stdevs);
    try {
      await objective.gradients(features, attributed, async (block) => moments.add(block), { fold });
    } finally {
      disposeFeatures(features);
    }
    await task.onProgress(start + copies, args.n_samples);
  }
  await fold.end();
  for (const { block, sides } of moments.blocks()) {
    await scores.put(block, () => mapSides(sides, (own): Tensor2D | null => own && score(own)));
    task.onSteps(block.columnStart + block.columns, scores.result());
  }
  return scores.result();
}

/** The noise's standard deviation on each side. */
async function noiseLevels({ passes, args }: Task): Promise<Sides<number>> {
  const features = featuresOf(passes);
  const level = async (matrix: Tensor2D | null): Promise<number> => {
    if (args.stdevs !== null || matrix === null) return args.stdevs ?? 0;
    const [variance] = await read(() => tf.moments(matrix).variance);
    return NOISE_LEVEL * Math.sqrt(variance);
  };
  return { source: await level(features.source), target: await level(features.target) };
}

/** The next noisy copies of the input, to be disposed: drawn copy by copy, so that batches do not change them. */
function noisyCopies(task: Task, segments: number, stdevs: Sides<number>): Features {
  const attributed = attributedSides(task);
  const inputs = featuresOf(task.passes);
  const noise = mapSides(inputs, (input, side) =>
    input !== null && attributed[side] ? new Float32Array(segments * input.size) : null,
  );
  for (let copy = 0; copy < segments; copy++) {
    mapSides(noise, (values, side) => {
      if (values === null) return;
      const size = values.length / segments;
      for (let k = copy * size; k < (copy + 1) * size; k++) values[k] = stdevs[side] * task.random.normal();
    });
  }
  return scoped(() => {
    const { source, target } = mapSides(inputs, (input, side): Tensor2D | null => {
      if (input === null) return null;
      const tiled: Tensor2D = tf.tile(input, [segments, 1]);
      const own = noise[side];
      return tf.keep(own === null ? tiled : tf.add(tiled, tf.tensor2d(own, tiled.shape)));
    });
    return { segments, source, target: target as Tensor2D };
  });
}

/** Moments as they are put down. */
interface SavedMoments {
  block: Columns;
  samples: number;
  means: Sides<Float32Array | null>;
  variances: Sides<Float32Array | null>;
}

/** Means and variances of gradients, block by block of steps, merged as in Chan et al. 1983: no cancellation. */
class RunningMoments implements Sums<SavedMoments[]> {
  readonly #known = new Map<number, { block: Columns; samples: number; sides: Sides<Moments | null> }>();
  readonly #width: number;

  /** @param width - of the gradients */
  constructor(width: number) {
    this.#width = width;
  }

  get bytes(): number {
    const sides = [...this.#known.values()].map((known) => known.sides);
    return sides.reduce(
      (sum, { source, target }) => sum + 8 * ((source?.mean.size ?? 0) + (target?.mean.size ?? 0)),
      0,
    );
  }

  save(): Promise<SavedMoments[]> {
    return Promise.all(
      [...this.#known.values()].map(async ({ block: { columnStart, columns }, samples, sides }) => {
        const of = (name: keyof Moments) =>
          readSides(() => mapSides(sides, (own): Tensor2D | null => own?.[name] ?? null));
        const [means, variances] = [of('mean'), of('variance')];
        return { block: { columnStart, columns }, samples, means: await means, variances: await variances };
      }),
    );
  }

  load(saved: SavedMoments[]): void {
    const made = (values: Float32Array): Tensor2D => tf.tensor2d(values, [values.length / this.#width, this.#width]);
    for (const { block, samples, means, variances } of saved) {
      const sides = mapSides(means, (mean, side): Moments | null => {
        const variance = variances[side];
        return mean && variance && { mean: made(mean), variance: made(variance) };
      });
      this.#known.set(block.columnStart, { block, samples, sides });
    }
  }

  add(block: GradientBlock): void {
    const known = this.#known.get(block.columnStart);
    const before = known?.samples ?? 0;
    const samples = before + block.segments;
    const rows: SideTensors = { source: block.source, target: block.target };
    const sides = mapSides(rows, (gradients, side): Moments | null => {
      if (gradients === null) return null;
      const own = known?.sides[side] ?? null;
      const merged = scoped(() => {
        const { mean, variance } = merge(own, before, momentsOf(gradients, block.segments), block.segments);
        return { mean: tf.keep(mean), variance: tf.keep(variance) };
      });
      disposeMoments(own);
      return merged;
    });
    this.#known.set(block.columnStart, { block, samples, sides });
  }

  blocks(): Iterable<{ block: Columns; sides: Sides<Moments | null> }> {
    return this.#known.values();
  }

  [Symbol.dispose](): void {
    for (const { sides } of this.#known.values()) mapSides(sides, disposeMoments);
    this.#known.clear();
  }
}

/** Moments over the copies of a block. In a tidy. */
function momentsOf(gradients: Tensor2D, copies: number): Moments {
  const [rows, hidden] = gradients.shape;
  const all = tf.reshape(gradients, [copies, rows / copies, hidden]);
  const { mean, variance } = tf.moments(all, 0);
  return { mean: mean as Tensor2D, variance: variance as Tensor2D };
}

/** Moments of two groups together. In a tidy. */
function merge(a: Moments | null, countOfA: number, b: Moments, countOfB: number): Moments {
  if (a === null) return { mean: tf.clone(b.mean), variance: tf.clone(b.variance) };
  const share = countOfB / (countOfA + countOfB);
  const apart = tf.sub(b.mean, a.mean);
  const within = tf.add(tf.mul(a.variance, 1 - share), tf.mul(b.variance, share));
  return {
    mean: tf.add(a.mean, tf.mul(apart, share)),
    variance: tf.add(within, tf.mul(tf.square(apart), share * (1 - share))),
  };
}

function disposeMoments(moments: Moments | null): void {
  moments?.mean.dispose();
  moments?.variance.dispose();
}
