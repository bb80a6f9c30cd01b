/**
 * Attention part by part, in the backend's own ops: where our op does not run, and where values are replaced.
 *
 * Queries of one group share a key head, so the group is folded into the query axis and keys are never repeated.
 * The pullback takes the cotangents of every step at once: saved queries, keys, values and probabilities broadcast
 * over the axis of steps.
 */

import { batchMatMul, expandBatch, gatherPadded } from '../tensors/ops.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import type { Attended, AttentionConfig, Mixed } from './attention.ts';
import { disposeCache, storeEntry } from './cache.ts';
import { biasGrid } from './distance-bias.ts';
import { concatRows, indexTensor, type Part, type PartCotangents, type Rows } from './rows.ts';
import type { Cotangent, Run } from './run.ts';

const MASKED = -1e30;

export function attendByParts(run: Run, { q, k, v }: Attended, config: AttentionConfig): Mixed {
  const parts = q.rows.parts.map((part, i) => {
    run.look();
    const memory = k?.rows.parts[i];
    const own = k && v && memory && { keys: memory.of(k.tensor), values: memory.of(v.tensor), part: memory };
    return attendPart(run, part.of(q.tensor), keysAndValues(run, i, own, config), part, config);
  });
  return {
    output: concatRows(parts.map((part) => part.output)),
    pull: () => {
      if (k === null) throw new Error(`${config.name}: cotangents need the rows of the keys`);
      const saved = parts.map((part) => part.save());
      return ([dy]) => (dy === null ? [null, null, null] : pullback(run, dy, k.rows, saved, config));
    },
  };
}

/** One part's queries [rows, heads * head_dim] over its keys and values: its output, and what a pullback needs. */
function attendPart(
  run: Run,
  query: Tensor2D,
  cached: { keys: Tensor; values: Tensor },
  part: Part,
  config: AttentionConfig,
): { output: Tensor2D; save: () => Saved } {
  const { numHeads, numKvHeads, headDim, softcap } = config;
  const { segments, paddedLength: queries } = part;
  const group = numHeads / numKvHeads;
  const keyHeads = splitHeads(cached.keys, numKvHeads, headDim);
  let valueHeads = splitHeads(cached.values, numKvHeads, headDim);
  valueHeads = run.options.attention?.values?.(config.name, valueHeads, part) ?? valueHeads;
  const keys = keyHeads.shape[2] as number;

  const grid = tf.reshape(gridOf(query, part), [segments, queries, numKvHeads, group, headDim]);
  const heads = tf.transpose(grid, [0, 2, 3, 1, 4]);
  const queryHeads = tf.mul(tf.reshape(heads, [segments, numKvHeads, group * queries, headDim]), config.scale);

  let scores = batchMatMul(queryHeads, keyHeads, false, true); // [segments, kv heads, group * queries, keys]
  let capSlope: Tensor | null = null;
  if (softcap) {
    const bounded = tf.tanh(tf.div(scores, softcap));
    capSlope = tf.sub(1, tf.square(bounded));
    scores = tf.mul(bounded, softcap);
  }
  scores = addMask(scores, part, keys, group, config);
  const probabilities = tf.softmax(scores);
  const hook = run.options.attention?.onProbabilities;
  hook?.(config.name, tf.reshape(probabilities, [segments, numHeads, queries, keys]), part);
  const rate = config.dropout ?? 0;
  const draw = rate > 0 ? run.options.dropout : undefined;
  const mask = draw?.(probabilities.shape, rate) ?? null;
  const weights = mask === null ? probabilities : tf.mul(probabilities, mask);
  const mixed = tf.reshape(batchMatMul(weights, valueHeads), [segments, numKvHeads, group, queries, headDim]);
  const merged = tf.reshape(tf.transpose(mixed, [0, 3, 1, 2, 4]), [segments * queries, numHeads * headDim]);
  const output = fromGrid(merged as Tensor2D, part);

  const save = (): Saved => {
    if (keyHeads.shape[0] !== segments) throw new Error('cotangents need keys of their own for each segment');
    // The native softmax multiplies by a rounded reciprocal, so that a row may sum to 1 - 6e-8. Where attention has
    // made its choice, the cotangents of queries and keys are nearly 0, and that would be all there is of them.
    const exact = tf.div(probabilities, tf.sum(probabilities, -1, true));
    const kept = { probabilities: exact, weights: mask === null ? exact : weights };
    const saved: Saved = { queryHeads, keyHeads, valueHeads, ...kept, mask, capSlope };
    for (const tensor of Object.values(saved)) if (tensor !== null) run.keep(tensor);
    return saved;
  };
  return { output, save };
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

/** Cotangents of queries, keys and values, part by part. */
function pullback(run: Run, dy: Cotangent, keyRows: Rows, saved: readonly Saved[], config: AttentionConfig) {
  const memoryRows = dy.rows.steps.rows(keyRows, config.causal ? 'prefix' : 'all');
  const parts = dy.rows.parts.map((rows, i) => {
    run.look();
    return pullbackPart(rows.of(dy.tensor), rows, memoryRows.parts[i], saved[i], config);
  });
  return [dy.rows, memoryRows, memoryRows].map(
    (rows, i): Cotangent => ({ tensor: concatRows(parts.map((part) => part[i])), rows }),
  );
}

/** Shapes below are S segments, K kv heads, G group, T steps, W rows a step. */
function pullbackPart(
  dy: Tensor2D,
  rows: PartCotangents,
  memoryRows: PartCotangents,
  all: Saved,
  config: AttentionConfig,
): Tensor2D[] {
  const { numKvHeads, headDim, numHeads } = config;
  const group = numHeads / numKvHeads;
  const { width, kind, segments } = rows;
  const { read } = rows.steps;
  const saved = firstSegments(all, segments);
  const count = read.length;
  const shared = kind !== 'read';
  const visible = config.causal ? Math.max(...read) + 1 : (saved.keyHeads.shape[2] as number);
  const keyHeads = firstKeys(saved.keyHeads, 2, visible);
  const valueHeads = firstKeys(saved.valueHeads, 2, visible);
  // [S, K, 1 or T, G * W, …]: one block for all steps, or the rows that are read for each step.
  const rowsOf = (tensor: Tensor): Tensor => {
    const last = tensor.shape[3] as number;
    const byQuery = tf.reshape(tensor, [segments, numKvHeads, group, rows.part.paddedLength, last]);
    if (shared) {
      return tf.reshape(firstKeys(byQuery, 3, width), [segments, numKvHeads, 1, group * width, last]);
    }
    const read = tf.gather(byQuery, rows.readRows, 3);
    if (width === 1) return tf.transpose(read, [0, 1, 3, 2, 4]);
    const byStep = tf.reshape(read, [segments * numKvHeads, group, count, width, last]);
    return tf.reshape(tf.transpose(byStep, [0, 2, 1, 3, 4]), [segments, numKvHeads, count, group * width, last]);
  };
  const visibleRows = (tensor: Tensor): Tensor => rowsOf(firstKeys(tensor, 3, visible));
  const queryHeads = rowsOf(saved.queryHeads);
  const probabilities = visibleRows(saved.probabilities);
  const weights = saved.mask === null ? probabilities : visibleRows(saved.weights);

  const grid = tf.reshape(cotangentGrid(dy, rows), [segments, count, width, numKvHeads, group, headDim]);
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

  const flat = tf.reshape(dScores, [segments, numKvHeads, count * group * width, visible]);
  const heads = tf.mul(batchMatMul(flat, keyHeads), config.scale);
  const byRow = tf.transpose(
    tf.reshape(heads, [segments, numKvHeads, count, group, width, headDim]),
    [0, 2, 4, 1, 3, 5],
  );
  const toKeyRows = (heads: Tensor): Tensor2D => {
    const byRow = tf.reshape(tf.transpose(heads, [0, 2, 3, 1, 4]), [-1, numKvHeads * headDim]);
    return gridRows(byRow as Tensor2D, memoryRows, visible);
  };
  return [
    gridRows(tf.reshape(byRow, [-1, numHeads * headDim]), rows, width),
    toKeyRows(batchMatMul(dScores, queryHeads, true, false)),
    toKeyRows(batchMatMul(weights, dOutSteps, true, false)),
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

/** A part's rows as [segments, paddedLength, width]. */
export function gridOf(tensor: Tensor2D, part: Part): Tensor {
  const shape = [part.segments, part.paddedLength, tensor.shape[1]];
  if (part.uniformFirst !== null) return tf.reshape(tensor, shape);
  const index = part.cache.get('grid', () => {
    const cells = new Int32Array(part.segments * part.paddedLength);
    for (let s = 0; s < part.segments; s++) {
      const computed = part.length - part.first[s];
      for (let i = 0; i < part.paddedLength; i++) {
        // Padding repeats a row that exists; its result is dropped by fromGrid.
        cells[s * part.paddedLength + i] = part.offsets[s] + Math.min(i, computed - 1);
      }
    }
    return indexTensor(cells);
  });
  return tf.reshape(tf.gather(tensor, index), shape);
}

/** The rows of a grid [segments * paddedLength, width], without its padding. */
function fromGrid(grid: Tensor2D, part: Part): Tensor2D {
  if (part.uniformFirst !== null) return grid;
  const index = part.cache.get('cells', () => {
    const cells = new Int32Array(part.count);
    for (let s = 0; s < part.segments; s++) {
      for (let i = 0; i < part.length - part.first[s]; i++) cells[part.offsets[s] + i] = s * part.paddedLength + i;
    }
    return indexTensor(cells);
  });
  return tf.gather(grid, index);
}

/** Cotangent rows as [segments * steps * width, columns], padded with zeros. */
function cotangentGrid(dy: Tensor2D, rows: PartCotangents): Tensor2D {
  return rows.dense ? dy : gatherPadded(dy, rows.gridIndex);
}

/** The rows of a grid [segments * steps * width, columns] that `rows` has. */
function gridRows(grid: Tensor2D, rows: PartCotangents, width: number): Tensor2D {
  return rows.dense && rows.width === width ? grid : tf.gather(grid, rows.cellIndex(width));
}

/** What a run computed of a part's keys and values. */
interface OwnRows {
  readonly keys: Tensor2D;
  readonly values: Tensor2D;
  readonly part: Part;
}

/** A part's keys and values of all positions, [segments or 1, positions, width]: of a prefix, then the run's own. */
function keysAndValues(run: Run, index: number, own: OwnRows | null | undefined, { name, causal }: AttentionConfig) {
  const cache = run.options.past?.[index];
  const past = cache?.get(name);
  if (!own) {
    if (past === undefined) throw new Error(`${name}: there are no keys to attend to`);
    return past;
  }
  const keys = allPositions(past?.keys, own.keys, own.part, causal);
  const values = allPositions(past?.values, own.values, own.part, causal);
  if (run.options.growPast === true && cache !== undefined && causal) {
    const all = { keys: keys.clone(), values: values.clone() };
    disposeCache(cache, [name]);
    storeEntry(cache, name, all);
  }
  return { keys, values };
}

function allPositions(past: Tensor | undefined, own: Tensor2D, part: Part, causal: boolean): Tensor {
  // Cross-attention: the memory is the same for every position.
  if (!causal) return past ?? gridOf(own, part);
  if (past !== undefined) return withPast(past, own, part);
  return part.sharesPrefix ? withPrefix(own, part) : gridOf(own, part);
}

function withPast(past: Tensor, own: Tensor2D, part: Part): Tensor {
  const { segments, length } = part;
  const width = own.shape[1];
  const [pastSegments, pastLength] = past.shape;
  if (part.uniformFirst !== null) {
    const before = expandBatch(firstKeys(past, 1, part.uniformFirst), [segments]);
    return tf.concat([before, tf.reshape(own, [segments, part.paddedLength, width])], 1);
  }
  const index = part.cache.get(`past${pastSegments}x${pastLength}`, () => {
    const pastRows = pastSegments * pastLength;
    const pastOf = (s: number): number => (pastSegments === 1 ? 0 : s * pastLength);
    return prefixIndex(part, (s, p) => pastOf(s) + p, pastRows);
  });
  const all = tf.concat([tf.reshape(past, [pastSegments * pastLength, width]) as Tensor2D, own], 0);
  return tf.reshape(tf.gather(all, index), [segments, length, width]);
}

/** Every segment's positions, those that it does not hold taken from segment 0. */
function withPrefix(own: Tensor2D, part: Part): Tensor {
  const index = part.cache.get('prefix', () => prefixIndex(part, (_s, p) => part.rowOf(0, p), 0));
  return tf.reshape(tf.gather(own, index), [part.segments, part.length, own.shape[1]]);
}

/** For each (segment, position) where its row lies: by `before` for those not held, else `own` after its row. */
function prefixIndex(part: Part, before: (segment: number, position: number) => number, own: number): Tensor {
  const cells = new Int32Array(part.segments * part.length);
  for (let s = 0; s < part.segments; s++) {
    for (let p = 0; p < part.length; p++) {
      cells[s * part.length + p] = p < part.first[s] ? before(s, p) : own + part.rowOf(s, p);
    }
  }
  return indexTensor(cells);
}

/** Scores [segments, kv heads, group * queries, keys] with the mask and the bias of the block. */
function addMask(scores: Tensor, part: Part, keys: number, group: number, config: AttentionConfig): Tensor {
  const { causal, window, bias, numKvHeads } = config;
  const { segments, paddedLength: queries } = part;
  const additions: Tensor[] = [];
  const oneNewToken = part.uniformFirst === part.length - 1;
  if (causal && !(oneNewToken && !window)) {
    additions.push(part.cache.get(`mask${window ?? ''}`, () => causalMask(part, keys, window ?? null)));
  }
  if (bias) {
    const added = biasGrid(part, keys, causal, bias);
    additions.push(tf.reshape(added, [added.shape[0], numKvHeads, group, added.shape[2] as number, keys]));
  }
  if (additions.length === 0) return scores;
  const split = tf.reshape(scores, [segments, numKvHeads, group, queries, keys]);
  const masked = additions.reduce((sum, addition) => tf.add(sum, addition), split as Tensor);
  return tf.reshape(masked, scores.shape);
}

/** [1 or segments, 1, 1, queries, keys] */
function causalMask(part: Part, keys: number, window: number | null): Tensor {
  const queries = part.paddedLength;
  const positions = part.paddedPositions;
  const blocks = part.uniformFirst === null ? part.segments : 1;
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
