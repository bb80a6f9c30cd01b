/**
 * Bytes of what passes hold, by the sizes of a model and of a text: what the engine plans its micro-batches by, and what a
 * quote reckons without an engine.
 */

/** Sizes of a model. */
export interface ModelSizes {
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly vocabSize: number;
}

/** Positions of decoder and encoder that are run, and how many decoder positions are read. */
export interface TextSizes {
  readonly length: number;
  readonly sourceLength: number;
  readonly reads: number;
}

const FLOAT_BYTES = 4;
/** Widths of the model that a row takes on its way through a block: feed-forward (4 each), queries, keys, sums. */
export const WIDTHS_ON_THE_WAY = 24;
/** Widths of the model that a row leaves behind in each block of a record. */
const WIDTHS_KEPT = 16;
/** Logits with what a score and its gradient make of them. */
export const LOGITS_KEPT = 3;
/** Blocks that a forward pass which is not recorded holds at once: the one that runs and its input. */
const BLOCKS_ON_THE_WAY = 2;
/** Share of the budget for what is planned; the rest is for what it becomes on the way. */
export const PLANNED_SHARE = 1 / 2;
/** Attention maps of each head that exist at once, part by part: scores and probabilities. */
export const MAPS_KEPT = 2;
/** The same on the way back: their cotangents, products and sums, too. */
const MAPS_PULLED = 8;

/**
 * Bytes that a copy of a text takes while it is evaluated, or that its record takes.
 * @param maps - attention maps of each head that exist at once
 */
export function bytesOfCopy(model: ModelSizes, text: TextSizes, recorded: boolean, maps: number): number {
  const { hiddenSize, numLayers, vocabSize, numHeads } = model;
  const { length, sourceLength, reads } = text;
  const kept = recorded ? numLayers : BLOCKS_ON_THE_WAY;
  const ofRow = WIDTHS_KEPT * hiddenSize + maps * numHeads * length;
  return ((length + sourceLength) * kept * ofRow + reads * vocabSize * LOGITS_KEPT) * FLOAT_BYTES;
}

/** Bytes that a row takes which is pulled back. @param keepsMaps - whether attention maps are held */
export function bytesOfPulledRow(
  { hiddenSize, numHeads }: ModelSizes,
  { length }: Pick<TextSizes, 'length'>,
  keepsMaps: boolean,
): number {
  return (WIDTHS_ON_THE_WAY * hiddenSize + (keepsMaps ? MAPS_PULLED : 0) * numHeads * length) * FLOAT_BYTES;
}

/**
 * Consecutive blocks [from, to) of positions, each within the budget and of so many rows at most, or of one position.
 * @param rowsOf - rows of a position
 * @param bytesOf - bytes of a position
 */
export function blocksWithin(
  positions: Int32Array,
  rowsOf: (position: number) => number,
  bytesOf: (position: number) => number,
  { bytes: mostBytes, rows: mostRows }: { bytes: number; rows: number },
): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let bytes = 0;
  let rows = 0;
  for (const [at, position] of positions.entries()) {
    const [moreBytes, moreRows] = [bytesOf(position), rowsOf(position)];
    if (at > from && (bytes + moreBytes > mostBytes || rows + moreRows > mostRows)) {
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

/** Rows of a block of steps or copies, after which its columns leave: some hundred milliseconds at most sizes. */
export const rowsOfBlock = (enoughRows: number): number => 2 * enoughRows;

/** Raw per-dimension scores of a result. */
const MOST_RAW_SCORES = 20_000_000;
/** Share of the memory budget that scores may take, as 4 bytes each. */
const SCORES_SHARE = 1 / 4;

/** The most scores of a job, over all dimensions. @param raw - whether the result is to hold them all */
export function fittingScores(budgetBytes: number, raw: boolean): number {
  return raw ? MOST_RAW_SCORES : Math.floor((budgetBytes * SCORES_SHARE) / FLOAT_BYTES);
}
