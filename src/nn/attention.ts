/**
 * Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) over rows: self-attention with or without cached keys,
 * bidirectional, cross-attention, grouped queries (Ainslie et al. 2023), sliding windows, biases by distance, soft caps.
 *
 * On the native backend the rows of all parts are one op of our own, forward and back. Elsewhere, and where values are
 * replaced, it is done part by part (attention-by-parts.ts).
 */

import {
  type AttentionInputs,
  attendBackByKernel,
  attendByKernel,
  attendsByKernel,
} from '../tensors/attention-kernels.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { attendByParts, gridOf } from './attention-by-parts.ts';
import { type AttentionRows, keysOfPart, mostKeys, segmentTable, segmentTables, stepTables } from './attention-rows.ts';
import { changeEntry, storeEntry, withRoom } from './cache.ts';
import { biasTable, type DistanceBias } from './distance-bias.ts';
import { concatRows, type Part, sliceRows } from './rows.ts';
import type { Cotangent, Pullback, Run, Value } from './run.ts';

/** Views into every attention block of a run. */
export interface AttentionHooks {
  /** Probabilities [segments, heads, queries, keys] of a part in the block `name`; valid during the call. */
  onProbabilities?: (name: string, probabilities: Tensor, part: Part) => void;
  /** Values [segments, kv heads, keys, head_dim] to use in place of those given. */
  values?: (name: string, values: Tensor, part: Part) => Tensor;
}

export interface AttentionConfig {
  /** Path of the block in the checkpoint; also its place in the cache. */
  name: string;
  numHeads: number;
  /** Fewer than numHeads for grouped-query attention. */
  numKvHeads: number;
  headDim: number;
  /** Factor on the scores, usually 1 / sqrt(head_dim). */
  scale: number;
  causal: boolean;
  /** A query sees this many positions, itself included; null: all. */
  window?: number | null;
  bias?: DistanceBias | null;
  /** cap * tanh(score / cap) (Gemma 2). */
  softcap?: number | null;
  dropout?: number;
}

/** Queries, and the keys and values that they see; null: those that the run's `past` has of every part. */
export interface Attended {
  readonly q: Value;
  readonly k: Value | null;
  readonly v: Value | null;
}

/** What comes of it [rows, heads * head_dim], and its pullback, which keeps what it needs when it is made. */
export interface Mixed {
  readonly output: Tensor2D;
  pull(): Pullback;
}

/**
 * @param q - queries [rows, heads * head_dim]; of the last positions of each segment where no more are wanted (`rowsAt`)
 * @param k - keys [rows, kv heads * head_dim], of the text's rows (self) or of the encoder's (cross), part for part
 * @param v - values, as keys
 * @returns [rows, heads * head_dim]
 */
export function attention(run: Run, q: Value, k: Value, v: Value, config: AttentionConfig): Value {
  const { output, pull } = attend(run, { q, k, v }, config);
  return run.apply([q, k, v], output, q.rows, pull);
}

/**
 * As `attention`, over keys and values that the run's `past` has of every part. No cotangents can be pulled back.
 * @throws {Error} where the cache lacks them
 */
export function cachedAttention(run: Run, q: Value, config: AttentionConfig): Value {
  const { name } = config;
  if (!q.rows.parts.every((_, i) => run.options.past?.[i]?.has(name))) {
    throw new Error(`${name}: the cache has no keys and values of the encoder's output`);
  }
  const { output } = attend(run, { q, k: null, v: null }, config);
  return run.apply([q], output, q.rows, () => {
    throw new Error(`${name}: cotangents need the encoder's output, and only its keys and values are cached`);
  });
}

function attend(run: Run, attended: Attended, config: AttentionConfig): Mixed {
  const byKernel = attendsByKernel() && run.options.attention?.values === undefined;
  if (byKernel) makeRoom(run, attended, config);
  const mixed = byKernel ? attendByOp(run, attended, config) : attendByParts(run, attended, config);
  keepKeys(run, attended, config, byKernel);
  return mixed;
}

/** Caches that grow get room for the keys and values of the run. */
function makeRoom(run: Run, { k }: Attended, { name, causal }: AttentionConfig): void {
  const { past, growPast } = run.options;
  if (growPast !== true || past === undefined || k === null || !causal) return;
  k.rows.parts.forEach(({ length }, i) => {
    const positions = past[i].get(name)?.keys.shape[1] as number | undefined;
    if (positions !== undefined && positions < length) changeEntry(past[i], name, withRoom);
  });
}

/** Keeps the keys and values of the run's own rows where it is asked for. */
function keepKeys(run: Run, { q, k, v }: Attended, { name, causal }: AttentionConfig, room: boolean): void {
  const { past, growPast, keepCache } = run.options;
  if (k === null || v === null) return;
  // Nothing goes on from an encoder's own rows.
  const goesOn = causal || k.rows !== q.rows;
  k.rows.parts.forEach((part, i) => {
    const own = ({ tensor }: Value): Tensor => {
      if (!part.sharesPrefix) return gridOf(part.of(tensor), part);
      return tf.reshape(sliceRows(tensor, part.offset, part.length), [1, part.length, tensor.shape[1]]);
    };
    if (growPast === true && past !== undefined && goesOn && !past[i].has(name)) {
      const grown = (value: Value): Tensor => (causal && room ? withRoom(own(value)) : own(value));
      storeEntry(past[i], name, { keys: grown(k), values: grown(v) });
    }
    if (keepCache === true) run.presentOf(i).set(name, { keys: run.keep(own(k)), values: run.keep(own(v)) });
  });
}

/** By our own op: all parts together. */
function attendByOp(run: Run, attended: Attended, config: AttentionConfig): Mixed {
  const { q } = attended;
  const { name, numHeads, numKvHeads, headDim, causal } = config;
  const caches = q.rows.parts.map((_, i) => run.options.past?.[i]?.get(name));
  const rows: AttentionRows = {
    q: q.rows,
    k: attended.k?.rows ?? null,
    causal,
    cached: caches.map((entry) => (entry === undefined ? null : (entry.keys.shape[1] as number))),
    width: numHeads * headDim,
  };
  const none = (): Tensor2D => tf.zeros([0, numKvHeads * headDim]);
  const mask = dropoutMask(run, rows, config);
  const inputs: AttentionInputs = {
    q: q.tensor,
    k: attended.k?.tensor ?? none(),
    v: attended.v?.tensor ?? none(),
    positions: q.rows.positionIndex,
    bias: config.bias ? biasTable(q.rows, mostKeys(rows), causal, config.bias) : null,
    mask,
  };
  const hook = run.options.attention?.onProbabilities;
  const wanted = { probabilities: hook !== undefined, append: run.options.growPast === true && causal };
  const known = caches.filter((entry) => entry !== undefined);
  const slices = segmentTables(rows, mask !== null || hook !== undefined).map((table) => {
    run.look();
    return attendByKernel(inputs, table, known, config, wanted);
  });
  if (hook !== undefined) {
    const probabilities = slices.map(([, ofSlice]) => ofSlice);
    showProbabilities(rows, probabilities, config, hook);
  }
  return {
    output: concatRows(slices.map(([output]) => output)),
    pull: () => pullByOp(run, attended, rows, inputs, config),
  };
}

/** One mask for the probabilities of every part, drawn part by part; null: no dropout. */
function dropoutMask(run: Run, rows: AttentionRows, config: AttentionConfig): Tensor | null {
  const { dropout = 0, numKvHeads, numHeads } = config;
  const draw = dropout > 0 ? run.options.dropout : undefined;
  if (draw === undefined) return null;
  const masks = rows.q.parts.map(({ segments, paddedLength, uniformFirst }, i) => {
    if (uniformFirst === null) throw new Error('dropout needs segments that start at one position');
    const keys = keysOfPart(rows, i);
    return tf.reshape(draw([segments, numKvHeads, (numHeads / numKvHeads) * paddedLength, keys], dropout), [-1]);
  });
  return tf.concat(masks);
}

/** Shows each part its probabilities, [segments, heads, queries, keys]. */
function showProbabilities(
  rows: AttentionRows,
  slices: Tensor[],
  { name, numHeads }: AttentionConfig,
  hook: NonNullable<AttentionHooks['onProbabilities']>,
): void {
  const all = slices.length === 1 ? slices[0] : tf.concat(slices);
  let offset = 0;
  rows.q.parts.forEach((part, i) => {
    if (part.uniformFirst === null) throw new Error('probabilities are shown of segments that start at one position');
    const shape = [part.segments, numHeads, part.paddedLength, keysOfPart(rows, i)];
    const size = shape.reduce((product, length) => product * length);
    hook(name, tf.reshape(tf.slice(all, [offset], [size]), shape), part);
    offset += size;
  });
}

function pullByOp(
  run: Run,
  { q, k, v }: Attended,
  rows: AttentionRows,
  inputs: AttentionInputs,
  config: AttentionConfig,
): Pullback {
  const own = k !== null && v !== null && rows.cached.every((positions) => positions === null);
  const each = k?.rows.parts.every(({ segments }, i) => segments === q.rows.parts[i].segments);
  if (!own || each !== true || k.rows.parts.some(({ first }) => first.some((position) => position > 0))) {
    throw new Error('cotangents need keys of their own for each segment');
  }
  for (const tensor of [inputs.q, inputs.k, inputs.v, inputs.mask]) if (tensor !== null) run.keep(tensor);
  const segments = segmentTable(rows);
  return ([dy]) => {
    if (dy === null) return [null, null, null];
    const memory = dy.rows.steps.rows(k.rows, config.causal ? 'prefix' : 'all');
    const slices = stepTables(dy.rows, memory, rows.width).map((steps) => {
      run.look();
      return attendBackByKernel(dy.tensor, inputs, { segments, steps }, config);
    });
    return [dy.rows, memory, memory].map(
      (rows, i): Cotangent => ({ tensor: concatRows(slices.map((slice) => slice[i])), rows }),
    );
  };
}
