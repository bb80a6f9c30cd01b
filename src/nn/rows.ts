/**
 * Rows: how the token positions of several samples lie in one flat activation matrix.
 *
 * Every activation in the engine is a matrix [rows, width], whatever the number of samples ("segments": interpolation
 * points, perturbed copies, beams) and whatever part of the sequence each of them computes. Linear layers and norms see
 * one large matmul without padding; only attention needs to know which row is which, and asks here.
 *
 * Invariants: all segments share one total length; segment s holds the contiguous positions first[s] .. length - 1;
 * rows are ordered by segment, then position. Where `sharesPrefix`, segment 0 holds every position, and the positions
 * that other segments do not hold are its.
 */

import { type Tensor, type Tensor1D, tf } from '../tensors/tf.ts';

/** A lazily made, cached set of device tensors that live as long as their owner. */
export class TensorCache {
  readonly #tensors = new Map<string, Tensor>();

  get<T extends Tensor>(key: string, make: () => T): T {
    const known = this.#tensors.get(key);
    if (known !== undefined) return known as T;
    const made = tf.keep(tf.tidy(make));
    this.#tensors.set(key, made);
    return made;
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}

/** An int32 index vector on the device. */
export function indexTensor(values: Int32Array): Tensor1D {
  return tf.tensor1d(values, 'int32');
}

export class Rows {
  readonly segments: number;
  /** Positions of each segment, computed or not. */
  readonly length: number;
  readonly first: Int32Array;
  readonly count: number;
  /** Index of each segment's first row. */
  readonly offsets: Int32Array;
  /** The one value of first[], or null when segments start at different positions. */
  readonly uniformFirst: number | null;
  /** True when the positions before first[s] are those of segment 0; false: of a cache of keys and values. */
  readonly sharesPrefix: boolean;
  readonly cache = new TensorCache();
  #positions: Int32Array | null = null;

  constructor(length: number, first: Int32Array, sharesPrefix = false) {
    this.segments = first.length;
    this.length = length;
    this.first = first;
    this.offsets = new Int32Array(first.length);
    let count = 0;
    for (let s = 0; s < first.length; s++) {
      if (first[s] < 0 || first[s] > length) throw new RangeError(`first position ${first[s]} is outside 0..${length}`);
      this.offsets[s] = count;
      count += length - first[s];
    }
    this.count = count;
    this.sharesPrefix = sharesPrefix;
    this.uniformFirst = first.every((value) => value === first[0]) ? first[0] : null;
  }

  /** `segments` samples that all compute positions first .. length - 1. */
  static full(segments: number, length: number, first = 0): Rows {
    return new Rows(length, new Int32Array(segments).fill(first));
  }

  /** Position of each row in its sequence: [rows]. */
  get positions(): Int32Array {
    if (this.#positions === null) {
      const positions = new Int32Array(this.count);
      let row = 0;
      for (let s = 0; s < this.segments; s++) {
        for (let p = this.first[s]; p < this.length; p++) positions[row++] = p;
      }
      this.#positions = positions;
    }
    return this.#positions;
  }

  /** The row of (segment, position). */
  rowOf(segment: number, position: number): number {
    return this.offsets[segment] + position - this.first[segment];
  }

  /** Rows per segment when segments are padded to a common number: the longest segment. */
  get paddedLength(): number {
    let longest = 0;
    for (const first of this.first) longest = Math.max(longest, this.length - first);
    return longest;
  }

  /** Positions of the padded grid, [segments, paddedLength]; padding repeats the last position. */
  get paddedPositions(): Int32Array {
    const padded = this.paddedLength;
    const grid = new Int32Array(this.segments * padded);
    for (let s = 0; s < this.segments; s++) {
      for (let k = 0; k < padded; k++) grid[s * padded + k] = Math.min(this.first[s] + k, this.length - 1);
    }
    return grid;
  }

  dispose(): void {
    this.cache.dispose();
  }
}

/** Which rows a cotangent of a forward value has, for each (segment, step). */
export type CotangentKind =
  /** The step's own row of a value that holds one row a step (what follows `select`). */
  | 'step'
  /** The one row where the step's score is read. */
  | 'read'
  /** Positions 0 .. read position: all that a causal decoder's step can see. */
  | 'prefix'
  /** Every position (encoder, cross-attention memory). */
  | 'all';

/**
 * The rows of a block of cotangents: T generated tokens ("steps") pulled back together, for every segment.
 * Rows are ordered by segment, then step, then position; none is stored that is zero by causality.
 */
export class CotangentRows {
  readonly forward: Rows;
  readonly steps: Steps;
  readonly kind: CotangentKind;
  /** Segments that are pulled back: the first ones of the forward rows. */
  readonly segments: number;
  readonly count: number;
  /** Row of the forward value that each cotangent row belongs to. */
  readonly row: Int32Array;
  /** Rows of each (segment, step) group when padded to a common number. */
  readonly width: number;
  /** True when row[k] === k: nothing to gather. */
  readonly identity: boolean;
  readonly cache: TensorCache;

  constructor(forward: Rows, steps: Steps, kind: CotangentKind) {
    this.forward = forward;
    this.steps = steps;
    this.kind = kind;
    this.segments = Math.min(forward.segments, steps.segments);
    this.cache = new TensorCache();
    const row: number[] = [];
    let width = 0;
    for (let s = 0; s < this.segments; s++) {
      for (let t = 0; t < steps.count; t++) {
        const [from, to] = this.#positions(t);
        width = Math.max(width, to - from + 1);
        for (let p = from; p <= to; p++) row.push(forward.rowOf(s, p));
      }
    }
    this.row = Int32Array.from(row);
    this.count = row.length;
    this.width = width;
    this.identity = this.count === forward.count && this.row.every((value, index) => value === index);
  }

  /** First and last position of step t's rows. */
  #positions(t: number): [number, number] {
    const { read, index } = this.steps;
    if (this.kind === 'step') return [index[t], index[t]];
    if (this.kind === 'read') return [read[t], read[t]];
    return [0, this.kind === 'all' ? this.forward.length - 1 : read[t]];
  }

  /** Index [segments * steps * width] of each grid cell's row, `count` (a zero row) for padding. */
  get gridIndex(): Tensor1D {
    return this.cache.get('grid', () => indexTensor(this.#grid()));
  }

  /** True when the grid has no padding, so that a reshape does. */
  get dense(): boolean {
    return this.count === this.segments * this.steps.count * this.width;
  }

  /** Calls `visit(group, k, row)` for the k-th row of each (segment, step) group. */
  #eachCell(visit: (group: number, k: number, row: number) => void): void {
    let row = 0;
    const groups = this.segments * this.steps.count;
    for (let group = 0; group < groups; group++) {
      const [from, to] = this.#positions(group % this.steps.count);
      for (let k = 0; k <= to - from; k++) visit(group, k, row++);
    }
  }

  #grid(): Int32Array {
    const grid = new Int32Array(this.segments * this.steps.count * this.width).fill(this.count);
    this.#eachCell((group, k, row) => {
      grid[group * this.width + k] = row;
    });
    return grid;
  }

  /**
   * Index of this object's rows in a grid [segments, steps, gridWidth] whose cells are positions from 0
   * (`prefix`, `all`) or the single read row.
   */
  cellIndex(gridWidth: number): Tensor1D {
    return this.cache.get(`cell${gridWidth}`, () => {
      const cells = new Int32Array(this.count);
      this.#eachCell((group, k, row) => {
        cells[row] = group * gridWidth + k;
      });
      return indexTensor(cells);
    });
  }

  /** Index of each row of this `read` object within `prefix` rows of the same steps. */
  indexWithin(wider: CotangentRows): Tensor1D {
    return this.cache.get(`within-${wider.kind}`, () => {
      const { read, count } = this.steps;
      const index = new Int32Array(this.count);
      let start = 0;
      for (let row = 0; row < this.count; row++) {
        index[row] = start + read[row % count];
        start += wider.kind === 'all' ? this.forward.length : read[row % count] + 1;
      }
      return indexTensor(index);
    });
  }

  get rowIndex(): Tensor1D {
    return this.cache.get('row', () => indexTensor(this.row));
  }
}

/** A block of steps whose cotangents are pulled back together, and the row sets that they need, made once. */
export class Steps {
  /** Decoder position at which each step's score is read: [steps], ascending. */
  readonly read: Int32Array;
  /** Which of the run's selected rows belongs to each step: [steps]. */
  readonly index: Int32Array;
  /** Segments that cotangents are pulled back for, from the first. */
  readonly segments: number;
  readonly #sets = new Map<Rows, Map<CotangentKind, CotangentRows>>();
  readonly #cache = new TensorCache();

  constructor(read: Int32Array, index: Int32Array, segments = Number.POSITIVE_INFINITY) {
    this.read = read;
    this.index = index;
    this.segments = segments;
  }

  get count(): number {
    return this.read.length;
  }

  /** `read` on the device. */
  get readIndex(): Tensor1D {
    return this.#cache.get('read', () => indexTensor(this.read));
  }

  rows(forward: Rows, kind: CotangentKind): CotangentRows {
    let kinds = this.#sets.get(forward);
    if (kinds === undefined) {
      kinds = new Map();
      this.#sets.set(forward, kinds);
    }
    let made = kinds.get(kind);
    if (made === undefined) {
      made = new CotangentRows(forward, this, kind);
      kinds.set(kind, made);
    }
    return made;
  }

  dispose(): void {
    for (const kinds of this.#sets.values()) for (const rows of kinds.values()) rows.cache.dispose();
    this.#sets.clear();
    this.#cache.dispose();
  }
}
