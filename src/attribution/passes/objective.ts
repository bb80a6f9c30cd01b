/** What is attributed: a score of each step, evaluated on copies of a sequence, and its gradients. */

import type { RunOptions } from '../../nn/run.ts';
import type { Tensor2D } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';
import type { GradientBlock } from './gradient-passes.ts';
import type { Features } from './sequence-features.ts';

export interface GradientOptions extends Pick<RunOptions, 'rescale' | 'replace'> {
  /** Names of values whose cotangents are wanted in addition to those of the features. */
  watch?: readonly string[];
}

/** Scores after the decoder features of one unit were replaced. */
export interface ReplacedScores {
  /** [steps] */
  clean: Float32Array;
  /** [units, steps]; NaN where the step's prefix holds nothing of the unit */
  replaced: Float32Array;
}

export interface Objective {
  /** Scores [segments, steps] of copies of the sequence, row-major. */
  evaluate(features: Features, options?: RunOptions): Promise<Float32Array>;
  /**
   * Gradients of every step's score with respect to the features of copies of the sequence; with `rescale`, of the
   * first half of the copies, the inputs.
   * @param visit - receives each block of segments and steps, segments outermost; its tensors live until it resolves
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
}
