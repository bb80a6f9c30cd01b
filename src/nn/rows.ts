/**
 * Rows: how the token positions of several texts lie in one flat activation matrix.
 *
 * Every activation in the engine is a matrix [rows, width], whatever the number of texts, of copies of each ("segments":
 * interpolation points, perturbed copies, beams), and whatever part of the text each copy computes. Linear layers and
 * norms see one large matmul without padding. Only attention needs to know which row is which: it works part by part,
 * where a part holds the segments of one text, so that no reduction ever runs over another text's positions and a
 * result does not depend on what ran beside it.
 *
 * Invariants: the segments of a part share one total length; segment s holds the contiguous positions
 * first[s] .. length - 1; rows are ordered by part, then segment, then position. Where a part `sharesPrefix`, its
 * segment 0 holds every position, and the positions that its other segments do not hold are segment 0's.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';

/** A lazily made, cached set of device tensors that live as long as their owner. */
class TensorCache {
  readonly #tensors = new Map<string, Tensor[]>();

  get<T extends Tensor>(key: string, make: () => T): T {
    return this.all(key, () => [make()])[0];
  }

  /** As `get`, of several tensors. */
  all<T extends Tensor>(key: string, make: () => T[]): T[] {
    const cached = this.#tensors.get(key);
    if (cached !== undefined) return cached as T[];
    const tensors = tf.tidy(make).map((tensor) => tf.keep(tensor));
    this.#tensors.set(key, tensors);
    return tensors;
  }

  dispose(): void {
    for (const tensors of this.#tensors.values()) for (const tensor of tensors) tensor.dispose();
    this.#tensors.clear();
  }
}

/** An int32 index vector on the device. */
export function indexTensor(values: Int32Array): Tensor1D {
  return tf.tensor1d(values, 'int32');
}

/** What the rows of one text are. */
export interface PartSpec {
  /** Positions of each segment, computed or not. */
  readonly length: number;
  /** First position that each segment computes: [segments]. */
  readonly first: Int32Array;
  /** True when the positions before first[s] are those of segment 0; false: of a cache of keys and values. */
  readonly sharesPrefix?: boolean;
}

/** The segments of one text, and where their rows lie. */
export class Part {
  readonly length: number;
  readonly first: Int32Array;
  readonly sharesPrefix: boolean;
  readonly segments: number;
  /** Rows of the part. */
  readonly count: number;
  /** Its place among the parts. */
  readonly index: number;
  /** Its first row in the flat matrix. */
  readonly offset: number;
  /** First row of each segment, counted from the part's own first: [segments]. */
  readonly offsets: Int32Array;
  /** The one value of first[], or null when segments start at different positions. */
  readonly uniformFirst: number | null;
  /** Rows of the longest segment: what segments are padded to where a grid is needed. */
  readonly paddedLength: number;
  readonly cache = new TensorCache();

  constructor({ length, first, sharesPrefix = false }: PartSpec, index: number, offset: number) {
    this.index = index;
    this.length = length;
    this.first = first;
    this.sharesPrefix = sharesPrefix;
    this.segments = first.length;
    this.offset = offset;
    this.offsets = new Int32Array(first.length);
    let count = 0;
    let longest = 0;
    for (let s = 0; s < first.length; s++) {
      if (first[s] < 0 || first[s] > length) throw new RangeError(`first position ${first[s]} is outside 0..${length}`);
      this.offsets[s] = count;
      count += length - first[s];
      longest = Math.max(longest, length - first[s]);
    }
    this.count = count;
    this.paddedLength = longest;
    this.uniformFirst = first.every((value) => value === first[0]) ? first[0] : null;
  }

  /** The row of (segment, position), counted from the part's first. */
  rowOf(segment: number, position: number): number {
    return this.offsets[segment] + position - this.first[segment];
  }

  /** Positions of the padded grid, [segments, paddedLength]; padding repeats the last position. */
  get paddedPositions(): Int32Array {
    const { segments, paddedLength, first, length } = this;
    const grid = new Int32Array(segments * paddedLength);
    for (let s = 0; s < segments; s++) {
      for (let k = 0; k < paddedLength; k++) grid[s * paddedLength + k] = Math.min(first[s] + k, length - 1);
    }
    return grid;
  }

  /** The part's rows of a flat matrix. Call in a tidy. */
  of(tensor: Tensor2D): Tensor2D {
    return sliceRows(tensor, this.offset, this.count);
  }
}

/** `count` rows of a matrix from `offset` on; the matrix itself where that is all of them. */
export function sliceRows(tensor: Tensor2D, offset: number, count: number): Tensor2D {
  return tensor.shape[0] === count ? tensor : tf.slice(tensor, [offset, 0], [count, tensor.shape[1]]);
}

/** Matrices of one width below each other; the matrix itself where there is one. */
export function concatRows(tensors: Tensor2D[]): Tensor2D {
  return tensors.length === 1 ? tensors[0] : tf.concat2d(tensors, 0);
}

export class Rows {
  readonly parts: readonly Part[];
  readonly count: number;
  readonly cache = new TensorCache();
  #positions: Int32Array | null = null;

  constructor(specs: readonly PartSpec[]) {
    let count = 0;
    this.parts = specs.map((spec, index) => {
      const part = new Part(spec, index, count);
      count += part.count;
      return part;
    });
    this.count = count;
  }

  /** `segments` copies of one text that all compute positions first .. length - 1. */
  static full(segments: number, length: number, first = 0): Rows {
    return new Rows([{ length, first: new Int32Array(segments).fill(first) }]);
  }

  /** The rows of each part from a position of its own on; these rows themselves where that is all of them. */
  from(positions: readonly number[]): Rows {
    const specs = this.parts.map(({ length, first }, i) => ({
      length,
      first: first.map((position) => Math.max(position, positions[i])),
    }));
    const all = this.parts.every(({ first }, i) => specs[i].first.every((position, s) => position === first[s]));
    return all ? this : new Rows(specs);
  }

  /** Position of each row in its text: [rows]. */
  get positions(): Int32Array {
    if (this.#positions === null) {
      const positions = new Int32Array(this.count);
      let row = 0;
      for (const { first, length } of this.parts) {
        for (const start of first) for (let p = start; p < length; p++) positions[row++] = p;
      }
      this.#positions = positions;
    }
    return this.#positions;
  }

  /** `positions` on the device. */
  get positionIndex(): Tensor1D {
    return this.cache.get('positions', () => indexTensor(this.positions));
  }

  dispose(): void {
    this.cache.dispose();
    for (const part of this.parts) part.cache.dispose();
  }
}

/** Which rows a cotangent of a forward value has, for each (segment, step). */
export type CotangentKind =
  /** The step's own rows of a value that holds selected rows alone (what follows `select`). */
  | 'step'
  /** The row where the step's score is read; of a span all from the first to the last that is read. */
  | 'read'
  /** Positions 0 .. read position: all that a causal decoder's step can see. */
  | 'prefix'
  /** Every position (encoder, cross-attention memory). */
  | 'all';

/**
 * Steps of one text: generated tokens whose cotangents are pulled back together. A span of tokens whose scores are summed
 * is one step, which several positions are read for.
 */
export interface StepsOfText {
  /** Decoder position at which each step's score is read, of a span the last: [steps]. */
  readonly read: Int32Array;
  /** Of a span the first: [steps]; left out: every step is read at one position. */
  readonly readFrom?: Int32Array;
  /** Which of the selected rows of a segment belongs to each step, of a span the last: [steps]. */
  readonly index: Int32Array;
  /** Of a span the first: [steps]; left out: every step has one row. */
  readonly indexFrom?: Int32Array;
  /** Segments that cotangents are pulled back for, from the first. */
  readonly segments: number;
}

/** Rows that the cotangents of one part have, counted from their own first. */
export class PartCotangents {
  readonly part: Part;
  readonly steps: StepsOfText;
  readonly kind: CotangentKind;
  /** Segments that are pulled back. */
  readonly segments: number;
  /** Its first row among all cotangent rows. */
  readonly offset: number;
  readonly count: number;
  /** Rows of each (segment, step) group when padded to a common number. */
  readonly width: number;
  readonly cache = new TensorCache();

  constructor(part: Part, steps: StepsOfText, kind: CotangentKind, offset: number) {
    this.part = part;
    this.steps = steps;
    this.kind = kind;
    this.segments = Math.min(part.segments, steps.segments);
    this.offset = offset;
    let width = 0;
    let count = 0;
    for (let t = 0; t < steps.read.length; t++) {
      const [from, to] = this.#positions(t);
      width = Math.max(width, to - from + 1);
      count += to - from + 1;
    }
    this.width = width;
    this.count = count * this.segments;
  }

  /** True when the grid [segments, steps, width] has no padding, so that a reshape does. */
  get dense(): boolean {
    return this.count === this.segments * this.steps.read.length * this.width;
  }

  /** First and last position of step t's rows. */
  #positions(t: number): [number, number] {
    const { read, readFrom = read, index, indexFrom = index } = this.steps;
    if (this.kind === 'step') return [indexFrom[t], index[t]];
    if (this.kind === 'read') return [readFrom[t], read[t]];
    return [0, this.kind === 'all' ? this.part.length - 1 : read[t]];
  }

  /** Calls `visit` for the k-th row of each (segment, step) group, with its position and its segment. */
  eachRow(visit: (row: number, group: number, k: number, position: number, segment: number) => void): void {
    const count = this.steps.read.length;
    let row = 0;
    for (let group = 0; group < this.segments * count; group++) {
      const [from, to] = this.#positions(group % count);
      for (let p = from; p <= to; p++) visit(row++, group, p - from, p, Math.floor(group / count));
    }
  }

  /** Index [segments * steps * width] of each grid cell's row, `count` (a zero row) for padding. */
  get gridIndex(): Tensor1D {
    return this.cache.get('grid', () => {
      const grid = new Int32Array(this.segments * this.steps.read.length * this.width).fill(this.count);
      this.eachRow((row, group, k) => {
        grid[group * this.width + k] = row;
      });
      return indexTensor(grid);
    });
  }

  /** Index of these rows in a grid [segments, steps, gridWidth] whose cells are positions, or the rows that are read. */
  cellIndex(gridWidth: number): Tensor1D {
    return this.cache.get(`cell${gridWidth}`, () => {
      const cells = new Int32Array(this.count);
      this.eachRow((row, group, k) => {
        cells[row] = group * gridWidth + k;
      });
      return indexTensor(cells);
    });
  }

  /** Rows of the first segment's cotangents, counted from the part's first: [count / segments]. */
  get firstSegmentRows(): Int32Array {
    const rows = new Int32Array(this.count / this.segments);
    this.eachRow((row, _group, _k, position, segment) => {
      if (segment === 0) rows[row] = this.part.rowOf(0, position);
    });
    return rows;
  }

  /** The rows that are read for each step in a segment, [steps * width] on the device; padding repeats the last. */
  get readRows(): Tensor1D {
    return this.cache.get('read rows', () => {
      const rows = new Int32Array(this.steps.read.length * this.width);
      for (let cell = 0; cell < rows.length; cell++) {
        const [from, to] = this.#positions(Math.floor(cell / this.width));
        rows[cell] = this.part.rowOf(0, Math.min(from + (cell % this.width), to));
      }
      return indexTensor(rows);
    });
  }

  /** The part's rows of a flat matrix of cotangents. Call in a tidy. */
  of(tensor: Tensor2D): Tensor2D {
    return sliceRows(tensor, this.offset, this.count);
  }
}

/**
 * The rows of a block of cotangents: generated tokens ("steps") pulled back together, for every text and segment.
 * Rows are ordered by part, segment, step, position; none is stored that is zero by causality.
 */
export class CotangentRows {
  readonly steps: Steps;
  readonly kind: CotangentKind;
  readonly parts: readonly PartCotangents[];
  readonly count: number;
  /** Row of the forward value that each cotangent row belongs to: [count]. */
  readonly row: Int32Array;
  /** True when row[k] === k: nothing to gather. */
  readonly identity: boolean;
  readonly cache = new TensorCache();

  constructor(forward: Rows, steps: Steps, kind: CotangentKind) {
    if (forward.parts.length !== steps.texts.length) {
      throw new RangeError(`${steps.texts.length} texts' steps cannot be pulled back to ${forward.parts.length} parts`);
    }
    this.steps = steps;
    this.kind = kind;
    let count = 0;
    this.parts = forward.parts.map((part, i) => {
      const rows = new PartCotangents(part, steps.texts[i], kind, count);
      count += rows.count;
      return rows;
    });
    this.count = count;
    this.row = new Int32Array(count);
    for (const rows of this.parts) {
      const { part, offset } = rows;
      rows.eachRow((row, _group, _k, position, segment) => {
        this.row[offset + row] = part.offset + part.rowOf(segment, position);
      });
    }
    this.identity = count === forward.count && this.row.every((value, index) => value === index);
  }

  /** `row` on the device. */
  get rowIndex(): Tensor1D {
    return this.cache.get('row', () => indexTensor(this.row));
  }

  /** Index of each row of this `read` object within `prefix` or `all` rows of the same steps: [count]. */
  indexWithin(wider: CotangentRows): Tensor1D {
    return this.cache.get(`within-${wider.kind}`, () => {
      const index = new Int32Array(this.count);
      this.parts.forEach((rows, i) => {
        const { read } = rows.steps;
        const { part, offset } = wider.parts[i];
        const starts = [offset];
        for (let group = 0; group < rows.segments * read.length; group++) {
          starts.push(starts[group] + (wider.kind === 'all' ? part.length : read[group % read.length] + 1));
        }
        rows.eachRow((row, group, _k, position) => {
          index[rows.offset + row] = starts[group] + position;
        });
      });
      return indexTensor(index);
    });
  }

  dispose(): void {
    this.cache.dispose();
    for (const { cache } of this.parts) cache.dispose();
  }
}

/** The steps of a pass over some texts, one entry a part, and the row sets that they need, made once. */
export class Steps {
  readonly texts: readonly StepsOfText[];
  readonly #sets = new Map<Rows, Map<CotangentKind, CotangentRows>>();

  constructor(texts: readonly StepsOfText[]) {
    this.texts = texts;
  }

  /** Steps of one text. `index`: as of `StepsOfText`; left out: one selected row a step, in order. */
  static of(read: Int32Array, index = Int32Array.from(read.keys()), segments = Number.POSITIVE_INFINITY): Steps {
    return new Steps([{ read, index, segments }]);
  }

  rows(forward: Rows, kind: CotangentKind): CotangentRows {
    let kinds = this.#sets.get(forward);
    if (kinds === undefined) {
      kinds = new Map();
      this.#sets.set(forward, kinds);
    }
    let rows = kinds.get(kind);
    if (rows === undefined) {
      rows = new CotangentRows(forward, this, kind);
      kinds.set(kind, rows);
    }
    return rows;
  }

  dispose(): void {
    for (const kinds of this.#sets.values()) for (const rows of kinds.values()) rows.dispose();
    this.#sets.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
