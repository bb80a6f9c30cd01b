/** Layers by name, for layer methods: which values of the model they mean, and how their scores are collected. */

import { closest, distance } from 'fastest-levenshtein';
import { Type } from 'typebox';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import { AttributionError } from '../../errors.ts';
import type { MethodScores } from '../../method.ts';
import type { GradientBlock, Passes, Watched } from '../../passes/passes.ts';
import type { ScoreArray } from '../../scores.ts';

/** Arguments that all layer methods share. */
export const LAYER_ARGS = {
  target_layer: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: 512 }), Type.Null()], {
    default: null,
    description:
      'Module whose output is attributed, by its path in the checkpoint (`transformer.h.3.mlp`), a unique end of it ' +
      '(`h.3.mlp`) or a pattern (`h.*.mlp`); or a list. null: the embedding. Several layers come from the same passes.',
  }),
  layer_aggregation: Type.Union([Type.Literal('vnorm'), Type.Literal('sum')], {
    default: 'vnorm',
    description: 'Several layers: how the dimensions of each are reduced: their L2 norm, or their signed sum.',
  }),
};

/** The argument of layer methods whose scores of a layer add up to the change of the score. */
export const LAYER_DELTA_ARG = Type.Boolean({
  default: false,
  description: 'One layer: report how far the attributions are from adding up to the change of the score.',
});

const MAX_LISTED = 40;

/**
 * Full names of the layers that a request means.
 * @throws {AttributionError} when a name is unknown or means several modules.
 */
export function resolveLayers(passes: Passes, wanted: unknown): string[] {
  const known = passes.valueNames();
  if (wanted === null || wanted === undefined) return [known[0]];
  const names = (Array.isArray(wanted) ? wanted : [wanted]).map(String);
  return [...new Set(names.flatMap((name) => resolveLayer(name, known)))];
}

function resolveLayer(asked: string, known: readonly string[]): string[] {
  // Inseq writes modules of a list as h[3].
  const name = asked.replace(/\[(\d+)\]/g, '.$1');
  if (known.includes(name)) return [name];
  const pattern = name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const end = new RegExp(`(^|\\.)${pattern.join('[^.]+')}$`);
  const found = known.filter((candidate) => end.test(candidate));
  if (found.length === 1 || (found.length > 1 && name.includes('*'))) return found;
  const fault = (message: string) => new AttributionError('unknown_layer', message, '#/method_args/target_layer');
  if (found.length > 0) {
    const listed = found.slice(0, MAX_LISTED).join(', ');
    throw fault(
      `target_layer "${asked}" means ${found.length} modules: ${listed}; name one, or all by a pattern such as "h.*.mlp"`,
    );
  }
  const near = nearest(name, known);
  const guess = near === null ? '' : ` Did you mean "${near}"?`;
  throw fault(
    `target_layer "${asked}" is not a module of the model.${guess} Its modules: ${patterns(known).join(', ')}`,
  );
}

/** The name that is written much like the one asked for, with as many parts; null where none is. */
function nearest(name: string, known: readonly string[]): string | null {
  const parts = name.split('.').length;
  const found = closest(name, [...new Set(known.map((full) => full.split('.').slice(-parts).join('.')))]);
  return distance(name, found) <= Math.max(2, name.length / 4) ? found : null;
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

/** Collects scores of layers from blocks of gradients, [tokens, steps, width] each. */
export class LayerScores {
  readonly #passes: Passes;
  readonly #layers = new Map<string, { side: Watched['side']; array: ScoreArray }>();

  constructor(passes: Passes) {
    this.#passes = passes;
  }

  /**
   * Takes a block's scores of one layer.
   * @param rows - scores of the cotangent's rows of one segment; null where no score depends on the layer
   */
  put(name: string, watched: Watched, block: GradientBlock, rows: Tensor2D | null): void {
    const { read, steps, sourceLength } = this.#passes;
    const { side } = watched;
    const width = watched.activation.shape[1];
    let layer = this.#layers.get(name);
    if (layer === undefined) {
      const tokens = side === 'source' ? sourceLength : this.#passes.length + 1;
      const array = { shape: [tokens, steps, width], data: new Float32Array(tokens * steps * width).fill(Number.NaN) };
      layer = { side, array };
      this.#layers.set(name, layer);
    }
    const { data } = layer.array;
    const values = rows?.dataSync() ?? null;
    const kind = watched.cotangent?.rows.kind ?? 'read';
    let row = 0;
    for (let t = block.stepStart; t < block.stepStart + block.steps.count; t++) {
      const visible = side === 'source' ? sourceLength : read[t] + 1;
      for (let p = 0; p < visible; p++) {
        const cell = (p * steps + t) * width;
        const stored = kind === 'prefix' || kind === 'all' || p === read[t];
        if (values === null || !stored) data.fill(0, cell, cell + width);
        else data.set(values.subarray(row * width, (row++ + 1) * width) as Float32Array, cell);
      }
    }
  }

  /** The sum of each step's scores over all layers, tokens and dimensions: [steps]. */
  totals(): Float32Array {
    const totals = new Float64Array(this.#passes.steps);
    for (const { array } of this.#layers.values()) {
      const [, steps, width] = array.shape;
      array.data.forEach((value, k) => {
        if (!Number.isNaN(value)) totals[Math.floor(k / width) % steps] += value;
      });
    }
    return Float32Array.from(totals);
  }

  /** The scores of the one layer, or of several with an axis of layers in place of the dimensions. */
  finish(names: readonly string[], aggregation: 'vnorm' | 'sum'): MethodScores {
    const sides = names.map((name) => this.#layers.get(name)?.side);
    if (names.length === 1) {
      const layer = this.#layers.get(names[0]);
      const array = layer?.array ?? null;
      return {
        kind: 'granular',
        source: sides[0] === 'source' ? array : null,
        target: sides[0] === 'source' ? null : array,
      };
    }
    return {
      kind: 'multidimensional',
      source: this.#stack(names, 'source', aggregation),
      target: this.#stack(names, 'target', aggregation),
      axes: ['layer'],
      layers: [...names],
      aggregators: [],
    };
  }

  #stack(names: readonly string[], side: Watched['side'], aggregation: 'vnorm' | 'sum'): ScoreArray | null {
    const first = names.map((name) => this.#layers.get(name)).find((layer) => layer?.side === side);
    if (first === undefined) return null;
    const [tokens, steps] = first.array.shape;
    const data = new Float32Array(tokens * steps * names.length).fill(Number.NaN);
    names.forEach((name, index) => {
      const layer = this.#layers.get(name);
      if (layer?.side !== side) return;
      const width = layer.array.shape[2];
      for (let cell = 0; cell < tokens * steps; cell++) {
        let total = 0;
        for (const value of layer.array.data.subarray(cell * width, (cell + 1) * width)) {
          total += aggregation === 'sum' ? value : value * value;
        }
        data[cell * names.length + index] = aggregation === 'sum' ? total : Math.sqrt(total);
      }
    });
    return { shape: [tokens, steps, names.length], data };
  }
}

/** Rows of one segment's activation [positions, width] that its cotangent rows belong to. In the caller's tidy. */
export function activationRows(watched: Watched, activation: Tensor2D): Tensor2D | null {
  const rows = watched.cotangent?.rows ?? null;
  if (rows === null) return null;
  return tf.gather(activation, tf.tensor1d(rows.row.slice(0, rows.count / rows.segments), 'int32'));
}
