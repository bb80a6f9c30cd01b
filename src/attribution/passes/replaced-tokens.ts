/**
 * Copies of the sequence in which the decoder features of one unit are replaced each. A decoder is causal, so of each copy
 * only the positions from the unit's first on are run; what lies before it is that of one clean copy, which is run beside
 * them.
 */

import { cloneCache, disposeCache, type KeyValueCache } from '../../nn/cache.ts';
import { indexTensor, type Part } from '../../nn/rows.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';
import type { Scorer } from '../step-function.ts';
import type { ReplacedScores } from './objective.ts';
import type { Passes } from './passes.ts';

/** What is replaced, as of `Objective.replaceTarget`. */
interface Replaced {
  units: readonly Span[];
  replacement: Tensor2D;
  onCopies: (done: number, soFar: ReplacedScores) => Promise<void>;
}

/** Scores as of `Objective.replaceTarget`, of every step in place of the columns. */
export async function scoreReplaced(passes: Passes, scorer: Scorer, replaced: Replaced): Promise<ReplacedScores> {
  const { units, replacement, onCopies } = replaced;
  const { steps } = passes;
  const scores = new Float32Array((1 + units.length) * steps).fill(Number.NaN);
  const result = { clean: scores.subarray(0, steps), replaced: scores.subarray(steps) };
  // Copy 0 is the clean one, in which nothing is replaced from its first position on.
  const copies = [{ start: 0, end: 0 }, ...units];
  const blocks = passes.plan.suffixBlocks(Int32Array.from(copies, ({ start }) => start));
  let clean: KeyValueCache | null = null;
  const keepClean = (present: KeyValueCache): void => {
    clean = cloneCache(present);
  };
  const features = tf.tidy(() => tf.keep(tf.concat2d([passes.targetFeatures, replacement], 0)));
  try {
    const run = async ([start, end]: [number, number], read: ReadScores): Promise<Float32Array> => {
      const keep = start === 0 && blocks.length > 1 ? keepClean : undefined;
      // An earlier attempt may have run the first block: its keys and values are not kept.
      if (start > 0 && clean === null) await run(blocks[0], readsOf(passes, copies, blocks[0]));
      return runBlock(passes, scorer, { units: copies.slice(start, end), start, features, past: clean, keep }, read);
    };
    for (const block of blocks) {
      const reads = readsOf(passes, copies, block);
      const count = block[1] - block[0];
      const values = await passes.result(reads.cells.length, count, async () => {
        const found = await run(block, reads);
        passes.counters.forward += count;
        return found;
      });
      reads.cells.forEach((cell, k) => {
        scores[cell] = values[k];
      });
      await onCopies(block[1] - 1, result);
    }
  } finally {
    if (clean !== null) disposeCache(clean);
    features.dispose();
  }
  return result;
}

/** Copies from `start` on, of which the first of all is clean. */
interface CopyBlock {
  /** What is replaced in each. */
  units: readonly Span[];
  start: number;
  /** The clean features, then what is put in place at each position: [2 * length, width] */
  features: Tensor2D;
  /** Of the first of all, where these come after it. */
  past: KeyValueCache | null;
  keep: ((present: KeyValueCache) => void) | undefined;
}

/** Which steps of a block's copies see what is replaced: [reads] each. */
interface ReadScores {
  steps: number[];
  /** Of the scores [copies, steps]. */
  cells: number[];
}

function readsOf({ read }: Passes, copies: readonly Span[], [from, to]: readonly [number, number]): ReadScores {
  const steps: number[] = [];
  const cells: number[] = [];
  for (let copy = from; copy < to; copy++) {
    for (let t = 0; t < read.length; t++) {
      if (read[t] < copies[copy].start) continue;
      steps.push(t);
      cells.push(copy * read.length + t);
    }
  }
  return { steps, cells };
}

/** @returns scores of the reads */
async function runBlock(
  passes: Passes,
  scorer: Scorer,
  block: CopyBlock,
  { steps, cells }: ReadScores,
): Promise<Float32Array> {
  const { length, read, sourceFeatures, targets } = passes;
  const { units, start, past, keep } = block;
  const first = Int32Array.from(units, (unit) => unit.start);
  const index: number[] = [];
  for (let s = 0; s < first.length; s++) {
    for (let p = first[s]; p < length; p++) index.push(p < units[s].end ? length + p : p);
  }
  const select = (part: Part): Int32Array =>
    Int32Array.from(steps, (t, k) => part.rowOf(Math.floor(cells[k] / read.length) - start, read[t]));
  const rows = { steps: Int32Array.from(steps), targets: Int32Array.from(steps, (step) => targets[step]) };
  const features = tf.tidy(() => tf.keep(tf.gather(block.features, indexTensor(Int32Array.from(index)))));
  try {
    return await passes.submit({
      length,
      first,
      sharesPrefix: start === 0,
      readFrom: read[0],
      features,
      source: start === 0 && sourceFeatures !== null ? { features: sourceFeatures, segments: 1 } : null,
      ...(start > 0 && past && { past }),
      ...(keep && { keep }),
      select,
      score: (logits) => scorer({ logits, ...rows }),
      bytes: passes.plan.bytesOfSuffixes(first),
    });
  } finally {
    features.dispose();
  }
}
