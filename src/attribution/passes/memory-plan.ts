/** How many rows are run together: enough to keep every core busy, few enough for the memory budget. */

import type { LanguageModel } from '../../models/model.ts';

/** What is run: positions of decoder and encoder, and the decoder positions that are read. */
interface Extent {
  readonly length: number;
  readonly sourceLength: number;
  readonly read: Int32Array;
}

/** Bytes of a float32. */
const FLOAT = 4;
/** Rows beyond which a matmul gains nothing from being larger. */
const ENOUGH_ROWS = 1024;

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

  /** Copies of the sequence that are run forward together to be pulled back. */
  copiesRecorded(): number {
    return this.#copies(true);
  }

  /** Bytes that a copy of the sequence takes while it is evaluated. */
  bytesEvaluated(): number {
    return this.#bytes(false);
  }

  /** Bytes that the record of a copy takes. */
  bytesRecorded(): number {
    return this.#bytes(true);
  }

  /** Copies of `rows` rows that a single block runs together. */
  copiesPerBlock(rows: number): number {
    const { hiddenSize } = this.#model;
    const positions = Math.max(this.#extent.length, this.#extent.sourceLength);
    const bytes = (rows * (24 * hiddenSize + 2 * 16 * positions) + 4 * positions * hiddenSize) * FLOAT;
    return Math.max(1, Math.floor(this.#budget / 2 / bytes));
  }

  /** Blocks [from, to) of steps that are pulled back together. */
  stepBlocks(): [number, number][] {
    const { length, sourceLength, read } = this.#extent;
    // A row of cotangents passes through the feed-forward (four times as wide) and the attention of all heads.
    const bytes = (24 * this.#model.hiddenSize + 8 * 16 * length) * FLOAT;
    return blocks(read, (position) => (position + 1 + sourceLength) * bytes, this.#budget / 2);
  }

  /** Blocks [from, to) of copies that are run together from the position on that each has in `first`. */
  suffixBlocks(first: Int32Array): [number, number][] {
    return blocks(first, (position) => this.#suffixBytes(position), this.#budget);
  }

  /** Bytes that copies take which are run from the position on that each has in `first`. */
  bytesOfSuffixes(first: Int32Array): number {
    return first.reduce((sum, position) => sum + this.#suffixBytes(position), 0);
  }

  #suffixBytes(position: number): number {
    const { hiddenSize, vocabSize } = this.#model;
    const { length, read } = this.#extent;
    const reads = read.filter((at) => at >= position).length;
    return ((length - position) * (24 * hiddenSize + 4 * 16 * length) + reads * vocabSize * 3) * FLOAT;
  }

  #bytes(recording: boolean): number {
    const { hiddenSize, numLayers, vocabSize } = this.#model;
    const { length, sourceLength, read } = this.#extent;
    const kept = recording ? numLayers : 2;
    return ((length + sourceLength) * kept * (16 * hiddenSize + 2 * 16 * length) + read.length * vocabSize * 3) * FLOAT;
  }

  #copies(recording: boolean): number {
    const { length, sourceLength, read } = this.#extent;
    const cotangents = recording ? read.reduce((sum, position) => sum + position + 1 + sourceLength, 0) : 0;
    const useful = Math.ceil(ENOUGH_ROWS / Math.max(length + sourceLength, cotangents));
    return Math.max(1, Math.min(useful, Math.floor(this.#budget / 2 / this.#bytes(recording))));
  }
}

/** Consecutive blocks of items, each within the budget or of one item. */
function blocks(items: Int32Array, bytesOf: (item: number) => number, budget: number): [number, number][] {
  const found: [number, number][] = [];
  let from = 0;
  let sum = 0;
  for (const [at, item] of items.entries()) {
    const bytes = bytesOf(item);
    if (at > from && sum + bytes > budget) {
      found.push([from, at]);
      from = at;
      sum = 0;
    }
    sum += bytes;
  }
  found.push([from, items.length]);
  return found;
}
