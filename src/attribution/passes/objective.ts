/**
 * What is attributed: a score of each column, evaluated on copies of a sequence, and its gradients. A column's score is
 * that of its step, or the sum of those of its steps.
 */

import type { Fold } from '../../journal.ts';
import type { RunOptions } from '../../nn/run.ts';
import type { Tensor2D } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';
import type { GradientBlock } from './gradient-passes.ts';
import type { Features, SequenceFeatures } from './sequence-features.ts';

export interface GradientOptions extends Pick<RunOptions, 'rescale' | 'replace'> {
  /** Names of values whose cotangents are wanted in addition to those of the features. */
  watch?: readonly string[];
  /** What each visit is a piece of: those that an earlier attempt has added are passed over. */
  fold?: Fold;
}

/** Scores after the decoder features of one unit were replaced. */
export interface ReplacedScores {
  /** [columns] */
  clean: Float32Array;
  /** [units, columns]; NaN where no step of the column sees anything of the unit */
  replaced: Float32Array;
}

export interface Objective {
  /** Scores [segments, columns] of copies of the sequence, row-major. */
  evaluate(features: Features, options?: RunOptions): Promise<Float32Array>;
  /**
   * Gradients of every column's score with respect to the features of copies of the sequence; with `rescale`, of the
   * first half of the copies, the inputs.
   * @param visit - receives each block of segments and columns, segments outermost; its tensors live until it resolves
   */
  gradients(
    features: Features,
    wanted: { source: boolean; target: boolean },
    visit: (block: GradientBlock) => Promise<void>,
    options?: GradientOptions,
  ): Promise<void>;
  /**
   * Scores after the decoder features of one unit are replaced, for each of the units, ascending.
   * @param replacement - what is put in place at each position: [positions, width]
   * @param onCopies - called with the number of units that are done, in their order, and the scores so far
   */
  replaceTarget(
    units: readonly Span[],
    replacement: Tensor2D,
    onCopies: (done: number, soFar: ReplacedScores) => Promise<void>,
  ): Promise<ReplacedScores>;
  /** Scores [columns] of the sequence as it is; without a pass where one has told them. */
  cleanScores(): Promise<Float32Array>;
  /** The same where passes have told them; null: it takes a pass. */
  knownScores(): Float32Array | null;
}

/** Scores [units, steps] after replacements as those of the columns: of the steps that do not see the unit, clean ones. */
export function columnsOfReplaced(
  passes: SequenceFeatures,
  { clean, replaced }: { clean: Float32Array; replaced: Float32Array },
): ReplacedScores {
  if (!passes.sums) return { clean, replaced };
  const { steps, columns, stepsOf } = passes;
  const known = replaced.map((score, k) => (Number.isNaN(score) ? clean[k % steps] : score));
  const sums = passes.sumsOfSteps(known);
  sums.forEach((_, k) => {
    const { start, end } = stepsOf[k % columns];
    const first = Math.floor(k / columns) * steps;
    if (replaced.subarray(first + start, first + end).every(Number.isNaN)) sums[k] = Number.NaN;
  });
  return { clean: passes.sumsOfSteps(clean), replaced: sums };
}
