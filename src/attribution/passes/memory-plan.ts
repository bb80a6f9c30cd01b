/**
 * How many rows run together: enough to keep every core busy, few enough for the memory budget, and few enough that
 * results leave and other work gets its turn while a long text is worked on.
 */

import {
  blocksWithin,
  bytesOfCopy,
  bytesOfPulledRow,
  LOGITS_KEPT,
  MAPS_KEPT,
  PLANNED_SHARE,
  rowsOfBlock,
  WIDTHS_ON_THE_WAY,
} from '../../activation-bytes.ts';
import type { LanguageModel } from '../../models/model.ts';
import { attendsByKernel } from '../../tensors/attention-kernels.ts';
import { enoughRows } from '../../tensors/enough-rows.ts';

/** What is run: positions of decoder and encoder, the decoder positions that are read, and the last of each column. */
interface Extent {
  readonly length: number;
  readonly sourceLength: number;
  readonly read: Int32Array;
  readonly lastRead: Int32Array;
}

const FLOAT_BYTES = 4;
/** Our own op keeps none; a dropout mask, or the probabilities that are shown, is one. */
const MAPS_BY_KERNEL = 1;

export class MemoryPlan {
  readonly #model: LanguageModel;
  readonly #extent: Extent;
  readonly #budget: number;

  /** @param budget - bytes that the activations of a micro-batch may take */
  constructor(model: LanguageModel, extent: Extent, budget: number) {
    this.#model = model;
    this.#extent = extent;
    this.#budget = budget;
  }

  /** Copies of the sequence that are evaluated together. */
  copiesEvaluated(): number {
    return this.#copies(false);
  }

  /**
   * Copies of the sequence that are run forward together to be pulled back.
   * @param dropout - whether the record keeps dropout masks
   */
  copiesRecorded(dropout = false): number {
    return this.#copies(true, dropout);
  }

  /** Bytes that a copy of the sequence takes while it is evaluated. */
  bytesEvaluated(): number {
    return this.#bytesOfCopy(false);
  }

  /** Bytes that the record of a copy takes. */
  bytesRecorded(): number {
    return this.#bytesOfCopy(true);
  }

  /** Copies of `rows` rows that a single block runs together. */
  copiesPerBlock(rows: number): number {
    const { hiddenSize, numHeads } = this.#model;
    const positions = Math.max(this.#extent.length, this.#extent.sourceLength);
    const keysAndValues = 4 * positions * hiddenSize;
    const floats = rows * (WIDTHS_ON_THE_WAY * hiddenSize + MAPS_KEPT * numHeads * positions) + keysAndValues;
    return Math.max(1, Math.floor((this.#budget * PLANNED_SHARE) / (floats * FLOAT_BYTES)));
  }

  /** Blocks [from, to) of columns that are pulled back together. */
  columnBlocks(): [number, number][] {
    const { sourceLength, lastRead } = this.#extent;
    const bytesOfRow = bytesOfPulledRow(this.#model, this.#extent, !attendsByKernel());
    const rowsOf = (position: number): number => position + 1 + sourceLength;
    return this.#blocks(lastRead, rowsOf, (position) => rowsOf(position) * bytesOfRow, this.#budget * PLANNED_SHARE);
  }

  /** Blocks [from, to) of copies that are run together from the position on that each has in `first`. */
  suffixBlocks(first: Int32Array): [number, number][] {
    const rowsOf = (position: number): number => this.#extent.length - position;
    return this.#blocks(first, rowsOf, (position) => this.#bytesOfSuffix(position), this.#budget);
  }

  /** Bytes that copies take which are run from the position on that each has in `first`. */
  bytesOfSuffixes(first: Int32Array): number {
    return first.reduce((sum, position) => sum + this.#bytesOfSuffix(position), 0);
  }

  #bytesOfSuffix(position: number): number {
    const { hiddenSize, vocabSize, numHeads } = this.#model;
    const { length, read } = this.#extent;
    const reads = read.filter((at) => at >= position).length;
    const maps = attendsByKernel() ? 0 : 2 * MAPS_KEPT;
    const ofRow = WIDTHS_ON_THE_WAY * hiddenSize + maps * numHeads * length;
    return ((length - position) * ofRow + reads * vocabSize * LOGITS_KEPT) * FLOAT_BYTES;
  }

  #bytesOfCopy(recording: boolean, dropout = !recording): number {
    const { length, sourceLength, read } = this.#extent;
    const byKernel = dropout ? MAPS_BY_KERNEL : 0;
    const maps = attendsByKernel() ? byKernel : MAPS_KEPT;
    return bytesOfCopy(this.#model, { length, sourceLength, reads: read.length }, recording, maps);
  }

  #copies(recording: boolean, dropout?: boolean): number {
    const { length, sourceLength, lastRead } = this.#extent;
    const cotangents = recording ? lastRead.reduce((sum, position) => sum + position + 1 + sourceLength, 0) : 0;
    const useful = Math.ceil(enoughRows() / Math.max(length + sourceLength, cotangents));
    const fitting = Math.floor((this.#budget * PLANNED_SHARE) / this.#bytesOfCopy(recording, dropout));
    return Math.max(1, Math.min(useful, fitting));
  }

  #blocks(
    positions: Int32Array,
    rowsOf: (position: number) => number,
    bytesOf: (position: number) => number,
    bytes: number,
  ): [number, number][] {
    return blocksWithin(positions, rowsOf, bytesOf, { bytes, rows: rowsOfBlock(enoughRows()) });
  }
}
