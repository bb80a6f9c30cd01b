/**
 * How many rows run together: enough to keep every core busy, few enough for the memory budget, and few enough that
 * results leave and other work gets its turn while a long text is worked on.
 */

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
/** Widths of the model that a row takes on its way through a block: feed-forward (4 each), queries, keys, sums. */
const WIDTHS_ON_THE_WAY = 24;
/** Widths of the model that a row leaves behind in each block of a record. */
const WIDTHS_KEPT = 16;
/** Attention maps of each head that exist at once, part by part: scores and probabilities. */
const MAPS_KEPT = 2;
/** The same on the way back: their cotangents, products and sums, too. */
const MAPS_PULLED = 8;
/** Our own op keeps none; a dropout mask, or the probabilities that are shown, is one. */
const MAPS_BY_KERNEL = 1;
/** Logits with what a score and its gradient make of them. */
const LOGITS_KEPT = 3;
/** Blocks that a forward pass which is not recorded holds at once: the one that runs and its input. */
const BLOCKS_ON_THE_WAY = 2;
/** Share of the budget for what is planned; the rest is for what it becomes on the way. */
const PLANNED_SHARE = 1 / 2;
/** Rows of a block of steps or copies, after which its columns leave: some hundred milliseconds at most sizes. */
const rowsOfBlock = () => 2 * enoughRows();

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
    const { length, sourceLength, lastRead } = this.#extent;
    const { hiddenSize, numHeads } = this.#model;
    const maps = attendsByKernel() ? 0 : MAPS_PULLED;
    const bytesOfRow = (WIDTHS_ON_THE_WAY * hiddenSize + maps * numHeads * length) * FLOAT_BYTES;
    const rowsOf = (position: number): number => position + 1 + sourceLength;
    return blocks(lastRead, rowsOf, (position) => rowsOf(position) * bytesOfRow, this.#budget * PLANNED_SHARE);
  }

  /** Blocks [from, to) of copies that are run together from the position on that each has in `first`. */
  suffixBlocks(first: Int32Array): [number, number][] {
    const rowsOf = (position: number): number => this.#extent.length - position;
    return blocks(first, rowsOf, (position) => this.#bytesOfSuffix(position), this.#budget);
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
    const { hiddenSize, numLayers, vocabSize, numHeads } = this.#model;
    const { length, sourceLength, read } = this.#extent;
    const kept = recording ? numLayers : BLOCKS_ON_THE_WAY;
    const byKernel = dropout ? MAPS_BY_KERNEL : 0;
    const maps = attendsByKernel() ? byKernel : MAPS_KEPT;
    const ofRow = WIDTHS_KEPT * hiddenSize + maps * numHeads * length;
    return ((length + sourceLength) * kept * ofRow + read.length * vocabSize * LOGITS_KEPT) * FLOAT_BYTES;
  }

  #copies(recording: boolean, dropout?: boolean): number {
    const { length, sourceLength, lastRead } = this.#extent;
    const cotangents = recording ? lastRead.reduce((sum, position) => sum + position + 1 + sourceLength, 0) : 0;
    const useful = Math.ceil(enoughRows() / Math.max(length + sourceLength, cotangents));
    const fitting = Math.floor((this.#budget * PLANNED_SHARE) / this.#bytesOfCopy(recording, dropout));
    return Math.max(1, Math.min(useful, fitting));
  }
}

/** Consecutive blocks of positions, each within the budget and of enough rows at most, or of one position. */
function blocks(
  positions: Int32Array,
  rowsOf: (position: number) => number,
  bytesOf: (position: number) => number,
  budget: number,
): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let bytes = 0;
  let rows = 0;
  for (const [at, position] of positions.entries()) {
    const [moreBytes, moreRows] = [bytesOf(position), rowsOf(position)];
    if (at > from && (bytes + moreBytes > budget || rows + moreRows > rowsOfBlock())) {
      ranges.push([from, at]);
      from = at;
      bytes = 0;
      rows = 0;
    }
    bytes += moreBytes;
    rows += moreRows;
  }
  ranges.push([from, positions.length]);
  return ranges;
}
