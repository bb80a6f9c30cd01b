/**
 * Copies of the sequence in which one decoder feature is replaced each. A decoder is causal, so of each copy only the
 * positions from the replaced one on are run; what lies before it is that of one clean copy, which is run beside them.
 */

import { type LanguageModel, runStack } from '../../models/model.ts';
import { indexTensor, Rows } from '../../nn/rows.ts';
import { Run, type Value } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Scorer } from '../step-function.ts';
import type { MemoryPlan } from './memory-plan.ts';

/** What is needed of the passes over a sequence. */
interface CleanSequence {
  readonly model: LanguageModel;
  readonly scorer: Scorer;
  readonly plan: MemoryPlan;
  readonly counters: { forward: number };
  readonly breathe: () => Promise<void>;
  readonly steps: number;
  /** Decoder position at which each step's score is read, and its token: [steps] each. */
  readonly read: Int32Array;
  readonly targets: Int32Array;
  /** [length, hidden] and [sourceLength, hidden] */
  readonly targetFeatures: Tensor2D;
  readonly sourceFeatures: Tensor2D | null;
  readonly length: number;
  readonly sourceLength: number;
}

export interface ReplacedScores {
  /** [steps] */
  clean: Float32Array;
  /** [positions, steps]; NaN where the step's prefix does not hold the position */
  replaced: Float32Array;
}

/** @param replacement - features to put in place: [positions.length, hidden] */
export async function scoreReplaced(
  passes: CleanSequence,
  positions: Int32Array,
  replacement: Tensor2D,
): Promise<ReplacedScores> {
  const { steps } = passes;
  const scores = new Float32Array((1 + positions.length) * steps).fill(Number.NaN);
  // Copy 0 is the clean one, "replaced" from its first position on by itself.
  const first = Int32Array.from([0, ...positions]);
  const features = scoped(() => {
    const own = tf.slice(passes.targetFeatures, [0, 0], [1, -1]);
    return tf.keep(tf.concat2d([passes.targetFeatures, own, replacement], 0));
  });
  const blocks = passes.plan.suffixBlocks(first);
  const clean = new Run({ keepCache: blocks.length > 1 });
  try {
    for (const [start, end] of blocks) {
      const run = start === 0 ? clean : new Run({ past: clean.present });
      tf.tidy(() => scoreBlock(passes, run, first.subarray(start, end), start, features, scores));
      if (run !== clean) run.dispose();
      await passes.breathe();
    }
  } finally {
    clean.dispose();
    features.dispose();
  }
  return { clean: scores.subarray(0, steps), replaced: scores.subarray(steps) };
}

/**
 * Scores of the copies from `start` on, of which the first of all is clean.
 * @param features - the clean features, then what copy k has in place of first[k]: [length + copies, hidden]
 * @param scores - [copies, steps], written
 */
function scoreBlock(
  passes: CleanSequence,
  run: Run,
  first: Int32Array,
  start: number,
  features: Tensor2D,
  scores: Float32Array,
): void {
  const { model, length, read } = passes;
  const rows = run.ownRows(new Rows(length, first, start === 0));
  const index = rows.positions.slice();
  for (let s = 0; s < first.length; s++) index[rows.offsets[s]] = length + start + s;
  const input = run.leaf(tf.gather(features, indexTensor(index)), rows, false);
  const hidden = runStack(run, model.decoder, input, start === 0 ? memory(passes, run) : noMemory(passes, run));
  const steps: number[] = [];
  const readRows: number[] = [];
  const cells: number[] = [];
  for (let s = 0; s < first.length; s++) {
    for (let t = 0; t < read.length; t++) {
      if (read[t] < first[s]) continue;
      steps.push(t);
      readRows.push(rows.rowOf(s, read[t]));
      cells.push((start + s) * read.length + t);
    }
  }
  const selected = tf.gather(hidden.tensor, indexTensor(Int32Array.from(readRows)));
  const logits = model.head(run, run.leaf(selected, run.ownRows(Rows.full(1, readRows.length)), false));
  const targets = Int32Array.from(steps, (step) => passes.targets[step]);
  const values = passes.scorer({ logits: logits.tensor, steps: Int32Array.from(steps), targets }).dataSync();
  cells.forEach((cell, k) => {
    scores[cell] = values[k];
  });
  passes.counters.forward += first.length;
}

/** The encoder's output for the clean source; null for decoder-only models. */
function memory({ model, sourceFeatures, sourceLength }: CleanSequence, run: Run): Value | null {
  if (model.encoder === null || sourceFeatures === null) return null;
  const rows = run.ownRows(Rows.full(1, sourceLength));
  return runStack(run, model.encoder, run.leaf(sourceFeatures, rows, false), null);
}

/** A stand-in for the encoder's output where cross-attention keys come from the cache. */
function noMemory({ model, sourceLength }: CleanSequence, run: Run): Value | null {
  if (model.encoder === null) return null;
  const rows = run.ownRows(Rows.full(1, sourceLength));
  return run.leaf(tf.zeros([sourceLength, model.hiddenSize]), rows, false);
}
