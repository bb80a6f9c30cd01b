/**
 * Layer integrated gradients (Sundararajan et al. 2017; Captum's LayerIntegratedGradients): gradients along the
 * straight path between a module's outputs for baseline and input, while the rest of the model sees the input.
 */

import { Type } from 'typebox';

import type { Sums } from '../../journal.ts';
import { read } from '../../tensors/read.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodTask } from '../method.ts';
import { disposeFeatures } from '../passes/sequence-features.ts';
import type { Columns } from './parts/inputs.ts';
import {
  activationRows,
  LAYER_ARGS,
  LAYER_DELTA_ARG,
  LAYER_DELTA_PASSES,
  type LayerRows,
  LayerScores,
  layerRows,
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
  const sums = new LayerSums(pair.shape[1]);
  const fold = passes.fold(sums);
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
            sums.add(block, layerRows(watched), () => {
              const gradients = tf.reshape(cotangent, [block.segments, -1]) as Tensor2D;
              return tf.reshape(tf.matMul(tf.tensor2d(own, [1, block.segments]), gradients), [-1, pair.shape[1]]);
            });
          },
          {
            fold,
            watch: [name],
            replace: (value, { tensor }) => (value === name ? interpolate(pair, points, tensor.shape[0]) : null),
          },
        );
      } finally {
        disposeFeatures(features);
      }
      await onProgress(start + points.length);
    }
    await fold.end();
    for (const { block, rows, sum } of sums.blocks()) {
      await scores.put(name, rows, block, () => {
        const [input, baseline] = tf.split<Tensor2D>(pair, 2, 0);
        const delta = activationRows(rows, tf.sub(input, baseline));
        return args.multiply_by_inputs && delta ? tf.mul(sum, delta) : sum;
      });
    }
  } finally {
    sums.dispose();
  }
}

/** A block's weighted gradients, summed over points of the path. */
interface LayerSum {
  block: Columns;
  rows: LayerRows;
  sum: Tensor2D;
}

type SavedLayerSum = Omit<LayerSum, 'sum'> & { values: Float32Array };

/** The sums of all blocks, on the device. */
class LayerSums implements Sums<SavedLayerSum[]> {
  readonly #width: number;
  readonly #sums = new Map<number, LayerSum>();

  /** @param width - of the layer's output */
  constructor(width: number) {
    this.#width = width;
  }

  /** @param make - what is added: [rows, width], in a tidy */
  add({ columnStart, columns }: Columns, rows: LayerRows, make: () => Tensor2D): void {
    const before = this.#sums.get(columnStart)?.sum;
    const sum = tf.tidy((): Tensor2D => {
      const more = make();
      return tf.keep(before ? tf.add(before, more) : more.clone());
    });
    before?.dispose();
    this.#sums.set(columnStart, { block: { columnStart, columns }, rows, sum });
  }

  blocks(): Iterable<LayerSum> {
    return this.#sums.values();
  }

  get bytes(): number {
    return [...this.#sums.values()].reduce((all, { sum }) => all + 4 * sum.size, 0);
  }

  save(): Promise<SavedLayerSum[]> {
    return Promise.all(
      [...this.#sums.values()].map(async ({ block, rows, sum }) => ({ block, rows, values: await read(() => sum) })),
    );
  }

  load(saved: SavedLayerSum[]): void {
    for (const { block, rows, values } of saved) {
      const sum = tf.tensor2d(values, [values.length / this.#width, this.#width]);
      this.#sums.set(block.columnStart, { block, rows, sum });
    }
  }

  dispose(): void {
    for (const { sum } of this.#sums.values()) sum.dispose();
    this.#sums.clear();
  }
}

/** The layer's outputs at points of the path: [points * positions, width]. */
function interpolate(pair: Tensor2D, points: Float64Array, rows: number): Tensor2D {
  const [input, baseline] = tf.split<Tensor2D>(pair, 2, 0);
  const alphas = tf.tensor3d(Float32Array.from(points), [points.length, 1, 1]);
  return tf.reshape(tf.add(baseline, tf.mul(alphas, tf.sub(input, baseline))), [rows, pair.shape[1]]);
}
