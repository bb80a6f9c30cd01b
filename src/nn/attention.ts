/**
 * Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) over rows: self-attention with or without cached keys,
 * bidirectional, cross-attention, grouped queries (Ainslie et al. 2023), sliding windows, additive biases, soft caps.
 *
 * Queries of one group share a key head, so the group is folded into the query axis and keys are never repeated.
 * The pullback takes the cotangents of every step at once: saved queries, keys, values and probabilities broadcast
 * over the axis of steps.
 */

import { attentionPullbackByKernel } from '../tensors/block-kernels.ts';
import { batchMatMul, expandBatch, gatherPadded } from '../tensors/ops.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { type CotangentRows, indexTensor, type Rows } from './rows.ts';
import type { Cotangent, Run, Value } from './run.ts';

/** Keys and values by attention block: each [segments, positions, kv heads * head_dim]. */
export type KeyValueCache = Map<string, { keys: Tensor; values: Tensor }>;

/** Views into every attention block of a run. */
export interface AttentionHooks {
  /** Probabilities [segments, heads, queries, keys] of the block `name`; valid during the call. */
  onProbabilities?: (name: string, probabilities: Tensor) => void;
  /** Values [segments, kv heads, keys, head_dim] to use in place of those given. */
  values?: (name: string, values: Tensor, segments: number) => Tensor;
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
  /** Additive bias [1, heads, queries, keys] or [segments, …], from the query positions [segments, queries]. */
  bias?: ((queryPositions: Int32Array, segments: number, keys: number) => Tensor) | null;
  /** cap * tanh(score / cap) (Gemma 2). */
  softcap?: number | null;
  dropout?: number;
}

const MASKED = -1e30;

/**
 * @param q - queries [rows, heads * head_dim]
 * @param k - keys [rows, kv heads * head_dim], of the same rows (self) or of the encoder's (cross)
 * @param v - values, as keys
 * @returns [rows, heads * head_dim]
 */
export function attention(run: Run, q: Value, k: Value, v: Value, config: AttentionConfig): Value {
  const { numHeads, numKvHeads, headDim, softcap } = config;
  const group = numHeads / numKvHeads;
  const segments = q.rows.segments;
  const queries = q.rows.paddedLength;
  const cached = keysAndValues(run, k, v, config.name, config.causal);
  const keyHeads = splitHeads(cached.keys, numKvHeads, headDim);
  let valueHeads = splitHeads(cached.values, numKvHeads, headDim);
  const valuesHook = run.options.attention?.values;
  if (valuesHook !== undefined) valueHeads = valuesHook(config.name, valueHeads, segments);
  const keys = keyHeads.shape[2] as number;

  const grid = tf.reshape(toGrid(q), [segments, queries, numKvHeads, group, headDim]);
  const heads = tf.transpose(grid, [0, 2, 3, 1, 4]);
  const queryHeads = tf.mul(tf.reshape(heads, [segments, numKvHeads, group * queries, headDim]), config.scale);

  let scores = batchMatMul(queryHeads, keyHeads, false, true);
  let capSlope: Tensor | null = null;
  if (softcap) {
    const bounded = tf.tanh(tf.div(scores, softcap));
    capSlope = tf.sub(1, tf.square(bounded));
    scores = tf.mul(bounded, softcap);
  }
  scores = addMask(scores, q.rows, keys, group, config);
  const probabilities = tf.softmax(scores);
  run.options.attention?.onProbabilities?.(config.name, tf.reshape(probabilities, [segments, numHeads, queries, keys]));
  const rate = config.dropout ?? 0;
  const mask = rate > 0 && run.options.dropout !== undefined ? run.options.dropout(probabilities.shape, rate) : null;
  const weights = mask === null ? probabilities : tf.mul(probabilities, mask);
  const mixed = tf.reshape(batchMatMul(weights, valueHeads), [segments, numKvHeads, group, queries, headDim]);
  const merged = tf.reshape(tf.transpose(mixed, [0, 3, 1, 2, 4]), [segments * queries, numHeads * headDim]);
  const output = fromGrid(merged as Tensor2D, q.rows);

  return run.apply([q, k, v], output, q.rows, () => {
    if (keyHeads.shape[0] !== segments) throw new Error('cotangents need keys of their own for each segment');
    // The native softmax multiplies by a rounded reciprocal, so that a row may sum to 1 - 6e-8. Where attention has made
    // its choice, the cotangents of queries and keys are nearly 0, and that would be all there is of them.
    const exact = tf.div(probabilities, tf.sum(probabilities, -1, true));
    const kept = { probabilities: exact, weights: mask === null ? exact : weights };
    const saved: Saved = { queryHeads, keyHeads, valueHeads, ...kept, mask, capSlope };
    for (const tensor of Object.values(saved)) if (tensor !== null) run.keep(tensor);
    return ([dy]) => (dy === null ? [null, null, null] : pullback(dy, q, k, v, saved, config));
  });
}

interface Saved {
  /** [segments, kv heads, group * queries, head_dim], scaled */
  queryHeads: Tensor;
  /** [segments, kv heads, keys, head_dim] */
  keyHeads: Tensor;
  valueHeads: Tensor;
  /** [segments, kv heads, group * queries, keys] */
  probabilities: Tensor;
  /** Probabilities after dropout. */
  weights: Tensor;
  mask: Tensor | null;
  capSlope: Tensor | null;
}

/** Cotangents of queries, keys and values; shapes below are S segments, K kv heads, G group, T steps, W rows a step. */
function pullback(dy: Cotangent, q: Value, k: Value, v: Value, all: Saved, config: AttentionConfig) {
  const { numKvHeads, headDim, numHeads } = config;
  const group = numHeads / numKvHeads;
  const { steps, width, kind, segments } = dy.rows;
  const saved = firstSegments(all, segments);
  const memoryRows = steps.rows(k.rows, config.causal ? 'prefix' : 'all');
  if (kind !== 'step') {
    const { causal, scale } = config;
    const made = attentionPullbackByKernel(dy.tensor, saved, { causal, scale, rows: kind, read: steps.readIndex });
    if (made !== null) return [dy.rows, memoryRows, memoryRows].map((rows, i) => ({ tensor: made[i], rows }));
  }
  const count = steps.count;
  const shared = kind !== 'read';
  const visible = config.causal ? steps.read[count - 1] + 1 : (saved.keyHeads.shape[2] as number);
  const keyHeads = firstKeys(saved.keyHeads, 2, visible);
  const valueHeads = firstKeys(saved.valueHeads, 2, visible);
  // [S, K, 1 or T, G * W, …]: one block for all steps, or each step's read row.
  const rowsOf = (tensor: Tensor): Tensor => {
    const last = tensor.shape[3] as number;
    const byQuery = tf.reshape(tensor, [segments, numKvHeads, group, q.rows.length, last]);
    if (shared) {
      return tf.reshape(firstKeys(byQuery, 3, width), [segments, numKvHeads, 1, group * width, last]);
    }
    return tf.transpose(tf.gather(byQuery, steps.readIndex, 3), [0, 1, 3, 2, 4]);
  };
  const visibleRows = (tensor: Tensor): Tensor => rowsOf(firstKeys(tensor, 3, visible));
  const queryHeads = rowsOf(saved.queryHeads);
  const probabilities = visibleRows(saved.probabilities);
  const weights = saved.mask === null ? probabilities : visibleRows(saved.weights);

  const grid = tf.reshape(cotangentGrid(dy), [segments, count, width, numKvHeads, group, headDim]);
  const dOut = tf.reshape(tf.transpose(grid, [0, 3, 1, 4, 2, 5]), [
    segments,
    numKvHeads,
    count * group * width,
    headDim,
  ]);
  const dOutSteps = tf.reshape(dOut, [segments, numKvHeads, count, group * width, headDim]);

  const byStep = [segments, numKvHeads, count, group * width, visible];
  let dWeights = tf.reshape(batchMatMul(dOut, valueHeads, false, true), byStep);
  if (saved.mask !== null) dWeights = tf.mul(dWeights, visibleRows(saved.mask));
  const weighted = tf.mul(dWeights, probabilities);
  let dScores: Tensor = tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, -1, true)));
  if (saved.capSlope !== null) dScores = tf.mul(dScores, visibleRows(saved.capSlope));

  const dQuery = (): Cotangent => {
    const flat = tf.reshape(dScores, [segments, numKvHeads, count * group * width, visible]);
    const heads = tf.mul(batchMatMul(flat, keyHeads), config.scale);
    const rows = tf.transpose(
      tf.reshape(heads, [segments, numKvHeads, count, group, width, headDim]),
      [0, 2, 4, 1, 3, 5],
    );
    return { tensor: gridRows(tf.reshape(rows, [-1, numHeads * headDim]), dy.rows, width), rows: dy.rows };
  };
  const toKeyRows = (heads: Tensor): Cotangent => {
    const rows = tf.reshape(tf.transpose(heads, [0, 2, 3, 1, 4]), [-1, numKvHeads * headDim]);
    return { tensor: gridRows(rows as Tensor2D, memoryRows, visible), rows: memoryRows };
  };
  return [
    q.requires ? dQuery() : null,
    k.requires ? toKeyRows(batchMatMul(dScores, queryHeads, true, false)) : null,
    v.requires ? toKeyRows(batchMatMul(weights, dOutSteps, true, false)) : null,
  ];
}

/** What was saved of the segments that are pulled back. */
function firstSegments(saved: Saved, segments: number): Saved {
  if (saved.queryHeads.shape[0] === segments) return saved;
  const first = <T extends Tensor | null>(tensor: T): T => (tensor && firstKeys(tensor, 0, segments)) as T;
  const { queryHeads, keyHeads, valueHeads, probabilities, weights, mask, capSlope } = saved;
  return {
    queryHeads: first(queryHeads),
    keyHeads: first(keyHeads),
    valueHeads: first(valueHeads),
    probabilities: first(probabilities),
    weights: first(weights),
    mask: first(mask),
    capSlope: first(capSlope),
  };
}

/** The first `count` entries of an axis. */
function firstKeys(tensor: Tensor, axis: number, count: number): Tensor {
  if (tensor.shape[axis] === count) return tensor;
  const size = tensor.shape.slice();
  size[axis] = count;
  return tf.slice(tensor, new Array(size.length).fill(0), size);
}

/** [segments, positions, kv heads * head_dim] -> [segments, kv heads, positions, head_dim] */
function splitHeads(tensor: Tensor, heads: number, headDim: number): Tensor {
  const [segments, positions] = tensor.shape;
  return tf.transpose(tf.reshape(tensor, [segments, positions, heads, headDim]), [0, 2, 1, 3]);
}

/** Rows as [segments, paddedLength, width]. */
function toGrid(value: Value): Tensor {
  const { rows, tensor } = value;
  const shape = [rows.segments, rows.paddedLength, tensor.shape[1]];
  if (rows.uniformFirst !== null) return tf.reshape(tensor, shape);
  const index = rows.cache.get('grid', () => {
    const cells = new Int32Array(rows.segments * rows.paddedLength);
    for (let s = 0; s < rows.segments; s++) {
      const computed = rows.length - rows.first[s];
      for (let i = 0; i < rows.paddedLength; i++) {
        // Padding repeats a row that exists; its result is dropped by fromGrid.
        cells[s * rows.paddedLength + i] = rows.offsets[s] + Math.min(i, computed - 1);
      }
    }
    return indexTensor(cells);
  });
  return tf.reshape(tf.gather(tensor, index), shape);
}

/** The rows of a grid [segments * paddedLength, width], without its padding. */
function fromGrid(grid: Tensor2D, rows: Rows): Tensor2D {
  if (rows.uniformFirst !== null) return grid;
  const index = rows.cache.get('cells', () => {
    const cells = new Int32Array(rows.count);
    for (let s = 0; s < rows.segments; s++) {
      for (let i = 0; i < rows.length - rows.first[s]; i++) cells[rows.offsets[s] + i] = s * rows.paddedLength + i;
    }
    return indexTensor(cells);
  });
  return tf.gather(grid, index);
}

/** Cotangent rows as [segments * steps * width, columns], padded with zeros. */
function cotangentGrid(dy: Cotangent): Tensor2D {
  return dy.rows.dense ? dy.tensor : gatherPadded(dy.tensor, dy.rows.gridIndex);
}

/** The rows of a grid [segments * steps * width, columns] that `rows` has. */
function gridRows(grid: Tensor2D, rows: CotangentRows, width: number): Tensor2D {
  return rows.dense && rows.width === width ? grid : tf.gather(grid, rows.cellIndex(width));
}

/** Keys and values of all positions, [segments or 1, positions, width]: of a prefix, then the run's own. */
function keysAndValues(run: Run, k: Value, v: Value, name: string, causal: boolean): { keys: Tensor; values: Tensor } {
  const past = run.options.past?.get(name);
  const keys = allPositions(past?.keys, k, causal);
  const values = allPositions(past?.values, v, causal);
  if (run.options.keepCache === true) {
    const kept = (tensor: Tensor): Tensor => run.keep(k.rows.sharesPrefix ? firstKeys(tensor, 0, 1) : tensor);
    run.present.set(name, { keys: kept(keys), values: kept(values) });
  }
  return { keys, values };
}

function allPositions(past: Tensor | undefined, own: Value, causal: boolean): Tensor {
  // Cross-attention: the memory is the same for every position.
  if (!causal) return past ?? toGrid(own);
  if (past !== undefined) return withPast(past, own);
  return own.rows.sharesPrefix ? withPrefix(own) : toGrid(own);
}

function withPast(past: Tensor, { rows, tensor }: Value): Tensor {
  const { segments, length } = rows;
  const width = tensor.shape[1];
  const [pastSegments, pastLength] = past.shape;
  if (rows.uniformFirst !== null) {
    const before = expandBatch(firstKeys(past, 1, rows.uniformFirst), [segments]);
    return tf.concat([before, tf.reshape(tensor, [segments, rows.paddedLength, width])], 1);
  }
  const index = rows.cache.get(`past${pastSegments}x${pastLength}`, () => {
    const own = pastSegments * pastLength;
    const pastOf = (s: number): number => (pastSegments === 1 ? 0 : s * pastLength);
    return prefixIndex(rows, (s, p) => pastOf(s) + p, own);
  });
  const all = tf.concat([tf.reshape(past, [pastSegments * pastLength, width]) as Tensor2D, tensor], 0);
  return tf.reshape(tf.gather(all, index), [segments, length, width]);
}

/** Every segment's positions, those that it does not hold taken from segment 0. */
function withPrefix({ rows, tensor }: Value): Tensor {
  const index = rows.cache.get('prefix', () => prefixIndex(rows, (_s, p) => rows.rowOf(0, p), 0));
  return tf.reshape(tf.gather(tensor, index), [rows.segments, rows.length, tensor.shape[1]]);
}

/** For each (segment, position) where its row lies: by `before` for those not held, else `own` after its row. */
function prefixIndex(rows: Rows, before: (segment: number, position: number) => number, own: number): Tensor {
  const cells = new Int32Array(rows.segments * rows.length);
  for (let s = 0; s < rows.segments; s++) {
    for (let p = 0; p < rows.length; p++) {
      cells[s * rows.length + p] = p < rows.first[s] ? before(s, p) : own + rows.rowOf(s, p);
    }
  }
  return indexTensor(cells);
}

/** Scores [segments, kv heads, group * queries, keys] with the mask and the bias of the block. */
function addMask(scores: Tensor, rows: Rows, keys: number, group: number, config: AttentionConfig): Tensor {
  const { causal, window, bias, numKvHeads, numHeads } = config;
  const queries = rows.paddedLength;
  const { segments } = rows;
  const additions: Tensor[] = [];
  const oneNewToken = rows.uniformFirst === rows.length - 1;
  if (causal && !(oneNewToken && !window)) {
    additions.push(rows.cache.get(`mask${window ?? ''}`, () => causalMask(rows, keys, window ?? null)));
  }
  if (bias) {
    const made = bias(rows.paddedPositions, segments, keys);
    additions.push(tf.reshape(made, [made.shape[0], numKvHeads, numHeads / numKvHeads, made.shape[2] as number, keys]));
  }
  if (additions.length === 0) return scores;
  const split = tf.reshape(scores, [segments, numKvHeads, group, queries, keys]);
  const masked = additions.reduce((sum, addition) => tf.add(sum, addition), split as Tensor);
  return tf.reshape(masked, scores.shape);
}

/** [1 or segments, 1, 1, queries, keys] */
function causalMask(rows: Rows, keys: number, window: number | null): Tensor {
  const queries = rows.paddedLength;
  const positions = rows.paddedPositions;
  const blocks = rows.uniformFirst === null ? rows.segments : 1;
  const mask = new Float32Array(blocks * queries * keys);
  for (let row = 0; row < blocks * queries; row++) {
    const position = positions[row];
    for (let key = 0; key < keys; key++) {
      const hidden = key > position || (window !== null && position - key >= window);
      if (hidden) mask[row * keys + key] = MASKED;
    }
  }
  return tf.tensor(mask, [blocks, 1, 1, queries, keys]);
}
