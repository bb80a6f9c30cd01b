/**
 * Which rows attend to which: the tables of the ops in src/tensors/kernels/attention.cc, in slices between which a run
 * looks at its signal.
 */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import type { CotangentRows, Part, PartCotangents, Rows } from './rows.ts';

/** Floating-point operations of a slice: some 100 ms of two cores. */
const FLOP_PER_SLICE = 1e10;
/** Of a query and a key, in widths: their score, and the value's share; on the way back five such products. */
const FLOP_FORWARD = 4;
const FLOP_BACK = 10;

/** What one slice computes: the rows of a table, in order. */
interface Slice {
  table: number[][];
  flop: number;
}

/** First row and number of a segment's queries; of its earlier keys; of its own keys. As `Segment` in attention.cc. */
type SegmentRow = [
  query: number,
  queries: number,
  cache: number,
  before: number,
  beforeCount: number,
  own: number,
  ownCount: number,
];

export interface AttentionRows {
  readonly q: Rows;
  /** Rows of keys and values; null: all of them are in caches. */
  readonly k: Rows | null;
  readonly causal: boolean;
  /** Positions in the cache of each part, null where it has none: [parts]. */
  readonly cached: readonly (number | null)[];
  /** heads * head_dim */
  readonly width: number;
}

/** Positions that a segment of part `i` attends to, where its segments start at one position. */
export function keysOfPart({ q, k, causal, cached }: AttentionRows, i: number): number {
  return causal ? q.parts[i].length : (cached[i] ?? k?.parts[i].length ?? 0);
}

/** Positions that the longest segment attends to. */
export function mostKeys({ q, k, cached }: AttentionRows): number {
  return q.parts.reduce((most, { length }, i) => Math.max(most, length, k?.parts[i].length ?? 0, cached[i] ?? 0), 0);
}

/**
 * Tables of segments, int32 [segments, 7], which live with the rows of q.
 * @param whole - whether a segment's queries must stay together
 */
export function segmentTables(rows: AttentionRows, whole: boolean): Tensor2D[] {
  const { q, k, causal, cached } = rows;
  const kind = `${whole ? 'whole' : 'sliced'} ${causal ? 'causal' : k === q ? 'own' : 'memory'}`;
  return q.cache.all(`segments ${kind} ${cached.join()}`, () => tensorsOf(segmentSlices(rows, whole)));
}

function segmentSlices(rows: AttentionRows, whole: boolean): Slice[] {
  const all: Slice[] = [];
  let cache = -1;
  rows.q.parts.forEach((part, i) => {
    if (rows.cached[i] !== null) cache += 1;
    for (let s = 0; s < part.segments; s++) {
      const row = segmentRow(rows, i, s, cache);
      const keys = row[4] < 0 ? (rows.cached[i] as number) : row[4] + row[6];
      for (const [query, queries] of pieces(row, whole ? Infinity : FLOP_PER_SLICE, keys * rows.width * FLOP_FORWARD)) {
        const piece: SegmentRow = [query, queries, row[2], row[3], row[4], row[5], row[6]];
        all.push({ table: [piece], flop: queries * keys * rows.width * FLOP_FORWARD });
      }
    }
  });
  return joined(all);
}

/** Ranges of a segment's queries that take no more than `most` operations each. */
function pieces([query, queries]: SegmentRow, most: number, flopOfQuery: number): [number, number][] {
  const size = Math.max(1, Math.floor(most / flopOfQuery));
  if (queries <= size) return [[query, queries]];
  const ranges: [number, number][] = [];
  for (let first = 0; first < queries; first += size) ranges.push([query + first, Math.min(size, queries - first)]);
  return ranges;
}

/** The keys of segment `s` of part `i`: earlier ones of the part's cache or of its first segment, then its own. */
function segmentRow({ q, k, causal, cached }: AttentionRows, i: number, s: number, cache: number): SegmentRow {
  const part = q.parts[i];
  const keyPart = k?.parts[i];
  const own = keyPart === undefined ? 0 : keyPart.segments === 1 ? 0 : s;
  const query = part.offset + part.offsets[s];
  const queries = part.length - part.first[s];
  if (!causal && cached[i] !== null) return [query, queries, cache, s, -1, 0, 0];
  if (keyPart === undefined) throw new Error('there are no keys to attend to');
  const first = keyPart.first[own];
  const at = keyPart.offset + keyPart.offsets[own];
  const count = keyPart.length - first;
  if (!causal) return [query, queries, -1, 0, 0, at, count];
  if (cached[i] !== null) return [query, queries, cache, s, first, at, count];
  const before = keyPart.sharesPrefix ? first : 0;
  return [query, queries, -1, keyPart.offset + keyPart.offsets[0], before, at, count];
}

/** The table of all segments in one, for the pullback. */
export function segmentTable(rows: AttentionRows): Tensor2D {
  const { q, k, causal } = rows;
  const key = `segments ${causal ? 'causal' : k === q ? 'own' : 'memory'}`;
  return q.cache.get(key, () => tensorOf(segmentSlices(rows, true).flatMap(({ table }) => table)));
}

/** Tables of steps, int32 [segments * steps, 6], which live with the rows of dy; `memory`: rows of dk and dv. */
export function stepTables(dy: CotangentRows, memory: CotangentRows, width: number): Tensor2D[] {
  const kind = `steps ${memory.kind} ${memory === dy ? 'own' : 'other'}`;
  return dy.cache.all(kind, () => tensorsOf(joined(stepSlices(dy, memory, width))));
}

function stepSlices(dy: CotangentRows, memory: CotangentRows, width: number): Slice[] {
  const all: Slice[] = [];
  let segment = 0;
  dy.parts.forEach((rows, i) => {
    const { part, segments, steps } = rows;
    let row = rows.offset;
    let key = memory.parts[i].offset;
    for (let s = 0; s < segments; s++) {
      for (const [t, read] of steps.read.entries()) {
        const [query, count] = queriesOf(rows, part, s, t);
        const keys = memory.kind === 'prefix' ? read + 1 : memory.parts[i].part.length;
        all.push({ table: [[segment + s, row, count, query, key, keys]], flop: count * keys * width * FLOP_BACK });
        row += count;
        key += keys;
      }
    }
    segment += part.segments;
  });
  return all;
}

/** The queries of a step that have cotangents: the first one's place in its segment, and how many. */
function queriesOf({ kind, steps }: PartCotangents, part: Part, segment: number, t: number): [number, number] {
  const read = steps.read[t];
  const from = steps.readFrom?.[t] ?? read;
  if (kind === 'read') return [from - part.first[segment], read - from + 1];
  if (kind === 'step') throw new Error('attention has no rows of steps');
  if (part.first[segment] !== 0) throw new Error(`${kind} rows were not computed`);
  return [0, kind === 'all' ? part.length : read + 1];
}

/** Neighbors together, as far as that is no more work than a slice takes. */
function joined(slices: readonly Slice[]): Slice[] {
  const result: Slice[] = [];
  for (const { table, flop } of slices) {
    const last = result.at(-1);
    if (last !== undefined && last.flop + flop <= FLOP_PER_SLICE) {
      last.table.push(...table);
      last.flop += flop;
    } else {
      result.push({ table: [...table], flop });
    }
  }
  return result;
}

function tensorsOf(slices: readonly Slice[]): Tensor2D[] {
  return slices.map(({ table }) => tensorOf(table));
}

function tensorOf(table: readonly number[][]): Tensor2D {
  return tf.tensor2d(Int32Array.from(table.flat()), [table.length, table[0].length], 'int32');
}
