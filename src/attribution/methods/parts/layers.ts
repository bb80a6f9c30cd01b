/** Layers by name, for layer methods: which values of the model they are, and how their scores are collected. */

import { Type } from 'typebox';
import type { Formula } from '../../../contract/catalogue.ts';
import type { Sums } from '../../../journal.ts';
import { type CotangentKind, indexTensor } from '../../../nn/rows.ts';
import { readOptional } from '../../../tensors/read.ts';
import { type Tensor, type Tensor2D, tf } from '../../../tensors/tf.ts';
import { nearest } from '../../../validation/nearest.ts';
import { AttributionError } from '../../errors.ts';
import type { MethodScores, MethodTask } from '../../method.ts';
import type { Watched } from '../../passes/gradient-passes.ts';
import type { Passes } from '../../passes/passes.ts';
import type { ScoreArray } from '../../scores.ts';
import type { Side } from '../../sides.ts';
import { type Columns, visiblePositions } from './inputs.ts';
import { DELTA_PASSES } from './path-integral.ts';

/** Arguments that all layer methods share. */
export const LAYER_ARGS = {
  target_layer: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: 512 }), Type.Null()], {
    default: null,
    description:
      'Module whose output is attributed: its path in the checkpoint (`transformer.h.3.mlp`), a unique suffix of it ' +
      '(`h.3.mlp`), a pattern (`h.*.mlp`), or a list of these. null: the embedding. All layers share the same passes.',
  }),
  layer_aggregation: Type.Union([Type.Literal('vnorm'), Type.Literal('sum')], {
    default: 'vnorm',
    description: 'Several layers: what the dimensions of each are reduced to, their L2 norm or their signed sum.',
  }),
};

/** The argument of layer methods whose scores of a layer add up to the change of the score. */
export const LAYER_DELTA_ARG = {
  return_convergence_delta: Type.Boolean({
    default: false,
    description: 'One layer: report how far the sum of the attributions is from the change of the score.',
  }),
};

/** The copies that it takes. */
export const LAYER_DELTA_PASSES: Formula = ['if', ['at_most', 'layers_asked', 1], DELTA_PASSES, 0];

/** Names that an error lists at most. */
const MAX_LISTED = 40;

/** What layer methods are asked for. */
interface LayerArgs {
  target_layer: string | string[] | null;
  layer_aggregation: 'vnorm' | 'sum';
}

/**
 * Full names of the layers that a request asks for.
 * @throws {AttributionError} when a name is unknown or matches several modules.
 */
export function resolveLayers({ passes, args }: MethodTask<LayerArgs>): string[] {
  const known = passes.valueNames();
  if (args.target_layer === null) return [known[0]];
  return [...new Set([args.target_layer].flat().flatMap((name) => resolveLayer(name, known)))];
}

function resolveLayer(asked: string, known: readonly string[]): string[] {
  // Inseq writes modules of a list as h[3].
  const name = asked.replace(/\[(\d+)\]/g, '.$1');
  if (known.includes(name)) return [name];
  const pattern = name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const end = new RegExp(`(^|\\.)${pattern.join('[^.]+')}$`);
  const matches = known.filter((candidate) => end.test(candidate));
  if (matches.length === 1 || (matches.length > 1 && name.includes('*'))) return matches;
  const fault = (message: string) => new AttributionError('unknown_layer', message, '#/method_args/target_layer');
  if (matches.length > 0) {
    const listed = matches.slice(0, MAX_LISTED).join(', ');
    throw fault(
      `target_layer "${asked}" means ${matches.length} modules: ${listed}; ` +
        'name one, or all by a pattern such as "h.*.mlp"',
    );
  }
  const near = nearestSuffix(name, known);
  const guess = near === undefined ? '' : ` Did you mean "${near}"?`;
  throw fault(
    `target_layer "${asked}" is not a module of the model.${guess} Its modules: ${patterns(known).join(', ')}`,
  );
}

/** The most similar name with as many parts as the one asked for. */
function nearestSuffix(name: string, known: readonly string[]): string | undefined {
  const parts = name.split('.').length;
  return nearest(name, [...new Set(known.map((full) => full.split('.').slice(-parts).join('.')))]);
}

/** Names with their numbers joined, in the order of the model: `transformer.h.{0..47}.mlp`. */
function patterns(known: readonly string[]): string[] {
  const numbers = new Map<string, number[]>();
  for (const name of known) {
    const pattern = name.replace(/\.(\d+)(?=\.|$)/, '.*');
    const number = Number(/\.(\d+)(?=\.|$)/.exec(name)?.[1] ?? 0);
    numbers.set(pattern, [...(numbers.get(pattern) ?? []), number]);
  }
  return Array.from(numbers, ([pattern, of]) => pattern.replace('*', `{${Math.min(...of)}..${Math.max(...of)}}`));
}

interface LayerArray {
  side: Side;
  array: ScoreArray;
}

/** Which rows of a layer's output a block's scores are of: plain data. */
export interface LayerRows {
  side: Side;
  width: number;
  kind: CotangentKind;
  /** Of one segment's output, for each row of its cotangent; null: no score depends on the layer. */
  index: Int32Array | null;
}

export function layerRows({ side, activation, cotangent }: Watched): LayerRows {
  const rows = cotangent?.rows ?? null;
  return { side, width: activation.shape[1], kind: rows?.kind ?? 'read', index: rows?.firstSegmentRows ?? null };
}

/**
 * Collects scores of layers from blocks of gradients: of one layer [tokens, columns, width], of several [tokens, columns, 1]
 * each, reduced before they leave the device.
 */
export class LayerScores implements Sums<[string, LayerArray][]> {
  readonly #passes: Passes;
  readonly #names: readonly string[];
  readonly #aggregation: LayerArgs['layer_aggregation'];
  readonly #layers = new Map<string, LayerArray>();

  /** @param names - the layers, as of `resolveLayers` */
  constructor({ passes, args }: MethodTask<LayerArgs>, names: readonly string[]) {
    this.#passes = passes;
    this.#names = names;
    this.#aggregation = args.layer_aggregation;
  }

  get bytes(): number {
    return [...this.#layers.values()].reduce((sum, { array }) => sum + array.data.byteLength, 0);
  }

  async save(): Promise<[string, LayerArray][]> {
    const copy = ({ shape, data }: ScoreArray): ScoreArray => ({ shape, data: data.slice() });
    return Array.from(this.#layers, ([name, { side, array }]) => [name, { side, array: copy(array) }]);
  }

  load(saved: [string, LayerArray][]): void {
    for (const [name, layer] of saved) this.#layers.set(name, layer);
  }

  /**
   * Takes a block's scores of one layer.
   * @param score - scores of the cotangent's rows of one segment, in a tidy; null where no score depends on the layer
   */
  async put(name: string, rows: LayerRows, block: Columns, score: () => Tensor2D | null): Promise<void> {
    const { read, stepsOf, lastRead, columns } = this.#passes;
    const { side, kind } = rows;
    const reduced = this.#names.length > 1;
    const width = reduced ? 1 : rows.width;
    let layer = this.#layers.get(name);
    if (layer === undefined) {
      const tokens = side === 'source' ? this.#passes.sourceLength : this.#passes.length + 1;
      const data = new Float32Array(tokens * columns * width).fill(Number.NaN);
      const array = { shape: [tokens, columns, width], data };
      layer = { side, array };
      this.#layers.set(name, layer);
    }
    const { data } = layer.array;
    const values = await readOptional(() => (reduced ? this.#reduced(score()) : score()));
    let row = 0;
    for (let column = block.columnStart; column < block.columnStart + block.columns; column++) {
      const visible = visiblePositions(this.#passes, side, column);
      const firstRead = read[stepsOf[column].start];
      for (let p = 0; p < visible; p++) {
        const cell = (p * columns + column) * width;
        const stored = kind === 'prefix' || kind === 'all' || (p >= firstRead && p <= lastRead[column]);
        if (values === null || !stored) data.fill(0, cell, cell + width);
        else data.set(values.subarray(row * width, (row++ + 1) * width) as Float32Array, cell);
      }
    }
  }

  /** Each row's dimensions as one number: [rows]. In a tidy. */
  #reduced(rows: Tensor2D | null): Tensor | null {
    if (rows === null) return null;
    if (this.#aggregation === 'sum') return tf.sum(rows, 1);
    // Squares of the gradients of tiny probabilities would leave float32's range.
    const largest = tf.max(tf.abs(rows), 1, true);
    const unit = tf.where(tf.equal(largest, 0), tf.onesLike(largest), largest);
    return tf.mul(tf.squeeze(unit, [1]), tf.sqrt(tf.sum(tf.square(tf.div(rows, unit)), 1)));
  }

  /** The sum of the only layer's scores of each column over all tokens and dimensions: [columns]. */
  totals(): Float32Array {
    const totals = new Float64Array(this.#passes.columns);
    for (const { array } of this.#layers.values()) {
      const [, columns, width] = array.shape;
      array.data.forEach((value, k) => {
        if (!Number.isNaN(value)) totals[Math.floor(k / width) % columns] += value;
      });
    }
    return Float32Array.from(totals);
  }

  /** What a method returns: the scores of one layer, or of several with an axis of layers instead of dimensions. */
  result(): MethodScores {
    const names = this.#names;
    if (names.length > 1) {
      return {
        kind: 'multidimensional',
        source: this.#stack('source'),
        target: this.#stack('target'),
        axes: ['layer'],
        layers: [...names],
        aggregators: [],
      };
    }
    const { side = 'target', array = null } = this.#layers.get(names[0]) ?? {};
    return { kind: 'granular', source: null, target: null, [side]: array };
  }

  /** One number for each layer of a side; null: it has none of the layers. */
  #stack(side: Side): ScoreArray | null {
    const names = this.#names;
    const first = names.map((name) => this.#layers.get(name)).find((layer) => layer?.side === side);
    if (first === undefined) return null;
    const [tokens, columns] = first.array.shape;
    const data = new Float32Array(tokens * columns * names.length).fill(Number.NaN);
    names.forEach((name, index) => {
      const layer = this.#layers.get(name);
      if (layer?.side !== side) return;
      layer.array.data.forEach((value, cell) => {
        data[cell * names.length + index] = value;
      });
    });
    return { shape: [tokens, columns, names.length], data };
  }
}

/** Rows of one segment's activation [positions, width] that its cotangent rows belong to. In the caller's tidy. */
export function activationRows({ index }: LayerRows, activation: Tensor2D): Tensor2D | null {
  return index && tf.gather(activation, indexTensor(index));
}
