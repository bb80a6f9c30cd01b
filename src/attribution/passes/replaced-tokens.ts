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
  let clean: KeyValueCache = new Map();
  const keepClean = (present: KeyValueCache): void => {
    clean = cloneCache(present);
  };
  const features = tf.tidy(() => tf.keep(tf.concat2d([passes.targetFeatures, replacement], 0)));
  try {
    for (const [start, end] of blocks) {
      const keep = start === 0 && blocks.length > 1 ? keepClean : undefined;
      const past = start === 0 ? undefined : clean;
      await scoreBlock(passes, scorer, { units: copies.slice(start, end), start, features, past, keep }, scores);
      await onCopies(end - 1, result);
    }
  } finally {
    disposeCache(clean);
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
  past: KeyValueCache | undefined;
  keep: ((present: KeyValueCache) => void) | undefined;
}

/** @param scores - [copies, steps], written */
async function scoreBlock(passes: Passes, scorer: Scorer, block: CopyBlock, scores: Float32Array): Promise<void> {
  const { length, read, sourceFeatures, targets } = passes;
  const { units, start, past, keep } = block;
  const first = Int32Array.from(units, (unit) => unit.start);
  const index: number[] = [];
  const steps: number[] = [];
  const cells: number[] = [];
  for (let s = 0; s < first.length; s++) {
    for (let p = first[s]; p < length; p++) index.push(p < units[s].end ? length + p : p);
    for (let t = 0; t < read.length; t++) {
      if (read[t] < first[s]) continue;
      steps.push(t);
      cells.push((start + s) * read.length + t);
    }
  }
  const select = (part: Part): Int32Array =>
    Int32Array.from(steps, (t, k) => part.rowOf(Math.floor(cells[k] / read.length) - start, read[t]));
  const rows = { steps: Int32Array.from(steps), targets: Int32Array.from(steps, (step) => targets[step]) };
  const features = tf.tidy(() => tf.keep(tf.gather(block.features, indexTensor(Int32Array.from(index)))));
  try {
    const values = await passes.submit({
      length,
      first,
      sharesPrefix: start === 0,
      readFrom: read[0],
      features,
      source: start === 0 && sourceFeatures !== null ? { features: sourceFeatures, segments: 1 } : null,
      ...(past && { past }),
      ...(keep && { keep }),
      select,
      score: (logits) => scorer({ logits, ...rows }),
      bytes: passes.plan.bytesOfSuffixes(first),
    });
    cells.forEach((cell, k) => {
      scores[cell] = values[k];
    });
  } finally {
    features.dispose();
  }
  passes.counters.forward += first.length;
}
