/**
 * Where the residual stream of each position comes from, layer by layer (Ferrando & Voita 2024, arXiv:2403.00824, section
 * 2): shares of the positions that attention reads, and of the position itself.
 *
 * After attention the stream is y_t = x_t + sum over heads h and positions j of f_tjh + b, where f_tjh is the probability
 * a_tjh times the value of j in h through the columns of the output projection that belong to h, and b its bias, which
 * belongs to no edge. The proximity of a part z to y_t is max(0, |y_t| - |y_t - z|) in L1 norms, and the importance of an
 * edge its proximity over the sum of those of x_t and of all f_tjh. Edges at or below tau are left out, and the rest is
 * scaled to sum to one. The feed-forward layer and the residual beside it lead to the same position: whatever their shares,
 * together they pass everything on.
 */

import type { Linear } from '../../../nn/linear.ts';
import { Rows } from '../../../nn/rows.ts';
import type { Value } from '../../../nn/run.ts';
import { read } from '../../../tensors/read.ts';
import { type Tensor, type Tensor2D, tf } from '../../../tensors/tf.ts';
import { AttributionError } from '../../errors.ts';
import type { Passes } from '../../passes/passes.ts';

/** Models whose attention is normalized before it is added to the residual stream, so that heads do not sum to it. */
export const NORMALIZED: readonly string[] = ['gemma2', 'gemma3_text'];

/** Multiplications between two looks at the event loop. */
const WORK_PER_LOOK = 2e7;
const DOUBLE_BYTES = 8;

/** What a block shows of its attention. */
interface Watched {
  /** [1, heads, positions, positions] */
  probabilities: Tensor;
  /** [1, kv heads, positions, head_dim] */
  values: Tensor;
  output: Linear;
  /** The block's attention as it is added to the residual stream: [positions, hidden] */
  attended: Tensor2D;
}

/**
 * Shares of each layer, the first one first: [positions, positions] each, row t what position t takes from each.
 * @param first - first position that is wanted of the last layer; rows before it are 0 there
 * @param onLayer - called with the number of layers that are done
 * @throws {AttributionError} where the model or the memory does not allow it
 */
export async function flowShares(
  passes: Passes,
  { tau, first }: { tau: number; first: number },
  onLayer: (done: number) => Promise<void>,
): Promise<Float64Array[]> {
  const { model, length, targetFeatures } = passes;
  check(passes);
  const stack = model.decoder;
  const shares: Float64Array[] = [];
  let watched: Partial<Watched> = {};
  using run = passes.startRun({
    attention: {
      values: (_name, values) => {
        watched = { values: run.keep(values.clone()) };
        return values;
      },
      onProbabilities: (_name, probabilities) => {
        watched.probabilities = run.keep(probabilities.clone());
      },
    },
    // The first linear layer behind attention projects its heads.
    onLinear: (layer) => {
      if (watched.probabilities !== undefined) watched.output ??= layer;
    },
    onValue: (name, { tensor }) => {
      if (name === stack.selfAttention[shares.length]) watched.attended = run.keep(tensor.clone());
    },
  });
  const rows = run.ownRows(Rows.full(1, length));
  const keep = (make: () => Value): Value => {
    const value = run.scope(make);
    run.keep(value.tensor);
    return value;
  };
  let x = keep(() => stack.enter(run, run.leaf(targetFeatures, rows, false)));
  for (const [layer, block] of stack.blocks.entries()) {
    watched = {};
    const before = x;
    x = keep(() => block(run, before, null, null));
    const from = layer === stack.blocks.length - 1 ? first : 0;
    const ofLayer = () => layerShares(passes, watched as Watched, before.tensor, { tau, first: from });
    shares.push(await passes.result(length ** 2, 0, ofLayer));
    for (const tensor of [watched.probabilities, watched.values, watched.attended, before.tensor]) tensor?.dispose();
    await onLayer(layer + 1);
  }
  passes.counters.forward += 1;
  return shares;
}

function check({ model, length, memoryBudget }: Passes): void {
  if (NORMALIZED.includes(model.modelType)) {
    throw new AttributionError(
      'unsupported_model',
      `information_flow_routes needs attention whose heads sum to what is added to the residual stream, and ` +
        `${model.modelType} normalizes that sum: use another method`,
      '#/method',
    );
  }
  const bytes = (model.numLayers + model.numHeads) * length ** 2 * DOUBLE_BYTES;
  if (bytes <= memoryBudget) return;
  const [needed, allowed] = [bytes, memoryBudget].map((one) => Math.ceil(one / 2 ** 20));
  throw new AttributionError(
    'too_large',
    `the shares of ${length} tokens need ${needed} MB and ${allowed} MB are allowed: shorten the text`,
    '#/input_texts',
  );
}

/** Shares of one layer. @param input - the residual stream before attention: [positions, hidden] */
async function layerShares(
  passes: Passes,
  { probabilities, values, output, attended }: Watched,
  input: Tensor2D,
  { tau, first }: { tau: number; first: number },
): Promise<Float64Array> {
  const { length } = passes;
  const heads = probabilities.shape[1] as number;
  const [added, stream, weights] = [
    await read(() => attended.clone()),
    await read(() => tf.add(input, attended)),
    await read(() => probabilities.clone()),
  ];
  const hidden = input.shape[1];
  const norms = Float64Array.from({ length }, (_, t) => l1(stream, t, hidden));
  const near: Float64Array[] = [];
  for (let head = 0; head < heads; head++) {
    await passes.yield();
    const projected = await read(() => projectedValues(values, output, head, heads));
    const own = weights.subarray(head * length ** 2, (head + 1) * length ** 2);
    near.push(await proximities(passes, { stream, norms, projected, weights: own, hidden }, first));
  }
  const shares = new Float64Array(length ** 2);
  for (let t = first; t < length; t++) {
    const residual = Math.max(0, norms[t] - l1(added, t, hidden));
    let total = residual;
    for (const ofHead of near) for (let j = 0; j <= t; j++) total += ofHead[t * length + j];
    const kept = (value: number): number => (value > tau * total ? value : 0);
    let left = kept(residual);
    shares[t * length + t] = left;
    for (const ofHead of near) {
      for (let j = 0; j <= t; j++) {
        const value = kept(ofHead[t * length + j]);
        shares[t * length + j] += value;
        left += value;
      }
    }
    // Where nothing is left, the position keeps what it has.
    if (left === 0) shares[t * length + t] = 1;
    else for (let j = 0; j <= t; j++) shares[t * length + j] /= left;
  }
  return shares;
}

/** Values of a head through the output projection's columns that belong to it: [positions, hidden]. In a tidy. */
function projectedValues(values: Tensor, output: Linear, head: number, heads: number): Tensor2D {
  const [, kvHeads, positions, width] = values.shape as [number, number, number, number];
  const kvHead = Math.floor((head * kvHeads) / heads);
  const own = tf.reshape(tf.slice(values, [0, kvHead, 0, 0], [1, 1, positions, width]), [positions, width]) as Tensor2D;
  return output.matrix.multiply(
    tf.pad(own, [
      [0, 0],
      [head * width, (heads - 1 - head) * width],
    ]),
  );
}

interface HeadParts {
  /** [positions, hidden] */
  stream: Float32Array;
  /** L1 norms of its rows: [positions] */
  norms: Float64Array;
  /** [positions, hidden] */
  projected: Float32Array;
  /** [positions, positions] */
  weights: Float32Array;
  hidden: number;
}

/** Proximities of a head's parts to the stream, [positions, positions]; rows before `first` are 0. */
async function proximities(passes: Passes, parts: HeadParts, first: number): Promise<Float64Array> {
  const { stream, norms, projected, weights, hidden } = parts;
  const { length } = passes;
  const near = new Float64Array(length ** 2);
  let work = 0;
  for (let t = first; t < length; t++) {
    for (let j = 0; j <= t; j++) {
      const weight = weights[t * length + j];
      if (weight === 0) continue;
      let distance = 0;
      for (let d = 0; d < hidden; d++)
        distance += Math.abs(stream[t * hidden + d] - weight * projected[j * hidden + d]);
      near[t * length + j] = Math.max(0, norms[t] - distance);
    }
    work += (t + 1) * hidden;
    if (work < WORK_PER_LOOK) continue;
    work = 0;
    await passes.yield();
  }
  return near;
}

function l1(values: Float32Array, row: number, width: number): number {
  let sum = 0;
  for (let d = row * width; d < (row + 1) * width; d++) sum += Math.abs(values[d]);
  return sum;
}

/**
 * Mass that flows from positions above the last layer down to the embeddings. It is conserved.
 * @param shares - as of `flowShares`
 * @param mass - [positions]
 */
export function flowDown(shares: readonly Float64Array[], mass: Float64Array): Float64Array {
  const { length } = mass;
  return shares.reduceRight((above, layer) => {
    const below = new Float64Array(length);
    for (let t = 0; t < length; t++) {
      if (above[t] === 0) continue;
      for (let j = 0; j <= t; j++) below[j] += above[t] * layer[t * length + j];
    }
    return below;
  }, mass);
}
