/**
 * Value zeroing of one kind of attention: how far each layer's output moves when the value vectors of one unit of tokens
 * are zeroed in that layer alone, the rest of the layer's inputs being the clean ones.
 *
 * Layers are independent, so nothing but the block itself is run again, and in a decoder only the rows where scores are
 * read, on the cached keys and values of the clean pass. The units of a layer are zeroed in one batch, whose copies share
 * queries, keys and values as they are projected.
 */

import type { Stack } from '../../../models/model.ts';
import { Rows } from '../../../nn/rows.ts';
import type { Run, Value } from '../../../nn/run.ts';
import { scoped } from '../../../tensors/ops.ts';
import { read } from '../../../tensors/read.ts';
import { type Tensor, type Tensor2D, tf } from '../../../tensors/tf.ts';
import { AttributionError } from '../../errors.ts';
import type { Passes } from '../../passes/passes.ts';
import type { ScoreArray } from '../../scores.ts';
import type { Span } from '../../spans.ts';
import { spreadOverTokens } from './units.ts';

/** Which attention's values are zeroed, and where the layers' outputs are compared. */
export type ZeroedAttention = 'encoder' | 'decoder' | 'cross';

/** Heads of a layer whose values are zeroed, by their key-value head; null: all, []: none. */
export type HeadsOf = (layer: number) => readonly number[] | null;

/** Distances of rows [copies * rows, hidden] from the clean rows [rows, hidden]: [copies, rows]. In a tidy. */
export type Distance = (changed: Tensor2D, clean: Tensor2D, copies: number) => Tensor;

/** Shortest length that a vector is divided by. */
const MIN_NORM = 1e-8;

/** 1 - cosine, computed as half the squared distance of the unit vectors: exact where they nearly agree. */
export const cosineDistance: Distance = (changed, clean, copies) => {
  // tf.norm raises each entry to a power of 2, which takes ten times as long as its square.
  const norm = (rows: Tensor2D): Tensor => tf.sqrt(tf.sum(tf.square(rows), 1, true));
  const unit = (rows: Tensor2D): Tensor2D => tf.div(rows, tf.maximum(norm(rows), MIN_NORM));
  return tf.div(squaredDistance(unit(changed), unit(clean), copies), 2);
};

/** The Euclidean distance. */
export const euclideanDistance: Distance = (changed, clean, copies) => tf.sqrt(squaredDistance(changed, clean, copies));

function squaredDistance(changed: Tensor2D, clean: Tensor2D, copies: number): Tensor {
  const [rows, hidden] = clean.shape;
  return tf.sum(tf.square(tf.sub(tf.reshape(changed, [copies, rows, hidden]), tf.expandDims(clean, 0))), 2);
}

/** What is zeroed, and how its effect is measured. */
interface Zeroed {
  kind: ZeroedAttention;
  /** Units of the tokens whose values are zeroed, which cover all of them. */
  units: readonly Span[];
  heads: HeadsOf;
  distance: Distance;
}

/** Distances below this are rounding noise. */
const NOISE = 1e-5;

/** One clean pass, kept for as long as values are zeroed. */
export class ZeroedValues {
  readonly #passes: Passes;
  readonly #clean: Run;
  /** What enters each block, and what leaves the last: [positions, hidden] each. */
  readonly #encoder: Tensor2D[] = [];
  readonly #decoder: Tensor2D[] = [];

  constructor(passes: Passes) {
    this.#passes = passes;
    this.#clean = passes.startRun({ keepCache: true });
    try {
      scoped(() => this.#runClean());
    } catch (error) {
      this.#clean.dispose();
      throw error;
    }
    passes.counters.forward += 1;
  }

  #runClean(): void {
    const run = this.#clean;
    const { model, sourceFeatures, sourceLength, targetFeatures, length } = this.#passes;
    let memory: Value | null = null;
    if (model.encoder !== null && sourceFeatures !== null) {
      const rows = run.ownRows(Rows.full(1, sourceLength));
      memory = keepStates(run, model.encoder, run.leaf(sourceFeatures, rows, false), null, this.#encoder);
    }
    const rows = run.ownRows(Rows.full(1, length));
    keepStates(run, model.decoder, run.leaf(targetFeatures, rows, false), memory, this.#decoder);
  }

  dispose(): void {
    this.#clean.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #stack(kind: ZeroedAttention): Stack {
    const { model } = this.#passes;
    return (kind === 'encoder' ? model.encoder : model.decoder) as Stack;
  }

  /** Layers that have the attention. */
  layers(kind: ZeroedAttention): number {
    return this.#stack(kind).blocks.length;
  }

  /**
   * Shares of each unit in the change of what attends to it, normalized over the units, for each of its tokens.
   * @param onProgress - receives the number of units zeroed so far, over all layers
   * @returns [tokens, steps or encoder positions, layers]; NaN for target tokens after the step's prefix
   */
  async shares(asked: Zeroed, onProgress: (done: number) => Promise<void>): Promise<ScoreArray> {
    const passes = this.#passes;
    const { kind, units } = asked;
    const tokens = kind === 'decoder' ? passes.length : passes.sourceLength;
    const columns = kind === 'encoder' ? tokens : passes.steps;
    const layers = this.layers(kind);
    const batchSize = Math.min(units.length, passes.plan.copiesPerBlock(columns));
    const data = new Float32Array(units.length * columns * layers);
    for (let layer = 0; layer < layers; layer++) {
      const none = asked.heads(layer)?.length === 0;
      for (let start = 0; start < units.length; start += batchSize) {
        const copies = Math.min(batchSize, units.length - start);
        const run = () => this.#moved(asked, layer, units.slice(start, start + copies));
        const moved = none ? null : await passes.result(copies * columns, 0, run);
        moved?.forEach((value, k) => {
          data[(start * columns + k) * layers + layer] = value;
        });
        await onProgress(layer * units.length + start + copies);
      }
    }
    passes.counters.forward += units.length;
    const hides = (position: number, column: number) => kind === 'decoder' && position > passes.read[column];
    normalize(data, [units.length, columns, layers], (unit, column) => hides(units[unit].start, column));
    const spread = spreadOverTokens(data, units);
    for (let token = 0; token < tokens; token++) {
      for (let column = 0; column < columns; column++) {
        const cell = (token * columns + column) * layers;
        if (hides(token, column)) spread.fill(Number.NaN, cell, cell + layers);
      }
    }
    return { shape: [tokens, columns, layers], data: spread };
  }

  /** Distances [units, columns] of one layer with the values of each of the units zeroed. */
  async #moved({ kind, heads, distance }: Zeroed, layer: number, units: readonly Span[]): Promise<Float32Array> {
    const { model, length, sourceLength, read: readAt, steps } = this.#passes;
    const inEncoder = kind === 'encoder';
    const stack = this.#stack(kind);
    const copies = units.length;
    const zeroedName = (kind === 'cross' ? stack.crossAttention : stack.selfAttention)[layer];
    const values = (name: string, given: Tensor): Tensor =>
      name === zeroedName ? tf.mul(given, zeroMask(given, heads(layer), units, kind)) : given;
    using run = this.#passes.startRun({ past: this.#clean.present, attention: { values } });
    return await read(() => {
      const [first, count] = inEncoder ? [0, sourceLength] : [readAt[0], steps];
      const states = inEncoder ? this.#encoder : this.#decoder;
      const part = (state: Tensor2D): Tensor2D => tf.slice(state, [first, 0], [count, state.shape[1]]);
      const positions = inEncoder ? sourceLength : length;
      const rows = run.ownRows(Rows.full(1, positions, first));
      const input = run.leaf(part(states[layer]), rows, false);
      const memory = inEncoder || model.encoder === null ? null : 'cached';
      const changed = stack.blocks[layer](run, input, memory, run.ownRows(Rows.full(copies, positions, first)));
      const clean = run.leaf(part(states[layer + 1]), rows, false);
      const leave = (x: Value): Value => {
        if (layer < stack.blocks.length - 1) return x;
        const left = stack.leave(run, x);
        return inEncoder || model.lastNorm === undefined ? left : model.lastNorm(run, left);
      };
      return distance(leave(changed).tensor, leave(clean).tensor, copies);
    });
  }
}

/** Runs the blocks of a stack, keeping what enters each and what leaves the last. Returns the stack's output. */
function keepStates(run: Run, stack: Stack, features: Value, memory: Value | null, states: Tensor2D[]): Value {
  let x = stack.enter(run, features);
  states.push(run.keep(x.tensor));
  for (const block of stack.blocks) {
    x = block(run, x, memory, null);
    states.push(run.keep(x.tensor));
  }
  return stack.leave(run, x);
}

/** Ones [units, kv heads, keys, 1], with zeros for each unit at its keys in the heads. */
function zeroMask(
  values: Tensor,
  heads: readonly number[] | null,
  units: readonly Span[],
  kind: ZeroedAttention,
): Tensor {
  const [, kvHeads, keys] = values.shape as [number, number, number];
  const zeroed = heads ?? Array.from({ length: kvHeads }, (_, head) => head);
  const mask = new Float32Array(units.length * kvHeads * keys).fill(1);
  for (const head of zeroed) {
    const at = head < 0 ? kvHeads + head : head;
    if (at < 0 || at >= kvHeads) {
      const message = `there is no key-value head ${head}: the layer has ${kvHeads}, 0 to ${kvHeads - 1}`;
      throw new AttributionError('unknown_head', message, `#/method_args/${kind}_zeroed_units_indices`);
    }
    units.forEach(({ start, end }, unit) => {
      const row = (unit * kvHeads + at) * keys;
      mask.fill(0, row + start, row + end);
    });
  }
  return tf.tensor4d(mask, [units.length, kvHeads, keys, 1]);
}

/** Divides columns of [units, columns, layers] by their sum over the units that are not hidden. */
function normalize(
  data: Float32Array,
  [units, columns, layers]: [number, number, number],
  hidden: (unit: number, column: number) => boolean,
): void {
  for (let column = 0; column < columns; column++) {
    for (let layer = 0; layer < layers; layer++) {
      let total = 0;
      for (let unit = 0; unit < units; unit++) {
        const cell = (unit * columns + column) * layers + layer;
        if (data[cell] < NOISE || hidden(unit, column)) data[cell] = 0;
        total += data[cell];
      }
      if (total === 0) continue;
      for (let unit = 0; unit < units; unit++) data[(unit * columns + column) * layers + layer] /= total;
    }
  }
}
