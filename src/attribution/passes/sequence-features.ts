/** One text on the device: its ids, the features of its tokens and of their baselines, and where scores are read. */

import { embedIds, type LanguageModel } from '../../models/model.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';

/** The ids of one sequence and which of its tokens are attributed. */
export interface Sequence {
  sourceIds: Int32Array | null;
  /** Encoder input ids that stand for "nothing"; null for decoder-only models. */
  sourceBaselineIds: Int32Array | null;
  /** Decoder ids: prompt and generation, or decoder start and translation. */
  targetIds: Int32Array;
  targetBaselineIds: Int32Array;
  /** Attributed tokens are targetIds[start .. end - 1]; start >= 1. */
  start: number;
  end: number;
  /** Positions of the attributed tokens, ascending, the last of them end - 1; left out: all from `start` on. */
  steps?: Int32Array;
  /**
   * Positions of attributed tokens whose scores are summed, each sum a column of its own: ascending, apart from each
   * other, from `start` to `end`; left out: every attributed token is a column.
   */
  spans?: readonly Span[];
  /** Ids of special tokens, which some methods leave as they are. */
  specialIds?: ReadonlySet<number>;
}

/** Features of some copies of a sequence: [segments * positions, hidden]. One source may serve all copies. */
export interface Features {
  segments: number;
  source: Tensor2D | null;
  target: Tensor2D;
}

/** Frees copies of features. */
export function disposeFeatures({ source, target }: Features): void {
  source?.dispose();
  target.dispose();
}

export class SequenceFeatures {
  readonly model: LanguageModel;
  readonly sequence: Sequence;
  /** Clean features and their baselines: [positions, hidden]. */
  readonly sourceFeatures: Tensor2D | null;
  readonly sourceBaseline: Tensor2D | null;
  readonly targetFeatures: Tensor2D;
  readonly targetBaseline: Tensor2D;
  /** Decoder positions that are run: the last attributed token is never read. */
  readonly length: number;
  readonly sourceLength: number;
  /** Decoder position at which each step's score is read: [steps]. */
  readonly read: Int32Array;
  /** Generated token of each step: [steps]. */
  readonly targets: Int32Array;
  /** Steps of each column of attributions, whose scores are summed: one each, or those of a span. */
  readonly stepsOf: readonly Span[];
  /** Last decoder position that each column reads, and so the last that it sees: [columns]. */
  readonly lastRead: Int32Array;

  constructor(model: LanguageModel, sequence: Sequence) {
    this.model = model;
    this.sequence = sequence;
    const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds, start, end } = sequence;
    const steps = sequence.steps ?? Int32Array.from({ length: end - start }, (_, t) => start + t);
    this.length = end - 1;
    this.sourceLength = sourceIds?.length ?? 0;
    this.read = steps.map((position) => position - 1);
    this.targets = steps.map((position) => targetIds[position]);
    this.stepsOf =
      sequence.spans?.map((span) => ({ start: span.start - start, end: span.end - start })) ??
      Array.from(steps, (_, t) => ({ start: t, end: t + 1 }));
    this.lastRead = Int32Array.from(this.stepsOf, (span) => this.read[span.end - 1]);
    const source = model.sourceEmbedding;
    this.sourceFeatures = source && sourceIds && tf.keep(embedIds(source, sourceIds));
    this.sourceBaseline = source && sourceBaselineIds && tf.keep(embedIds(source, sourceBaselineIds));
    this.targetFeatures = tf.keep(embedIds(model.targetEmbedding, targetIds.subarray(0, this.length)));
    this.targetBaseline = tf.keep(embedIds(model.targetEmbedding, targetBaselineIds.subarray(0, this.length)));
  }

  get steps(): number {
    return this.read.length;
  }

  /** Columns of attributions: as many as steps, or as spans of them. */
  get columns(): number {
    return this.stepsOf.length;
  }

  /** Whether columns are sums of several steps' scores. */
  get sums(): boolean {
    return this.sequence.spans !== undefined;
  }

  /** Whether features are the clean ones, of one copy. */
  isClean({ segments, source, target }: Features): boolean {
    return segments === 1 && source === this.sourceFeatures && target === this.targetFeatures;
  }

  /** Scores [copies, steps] as those of the columns: [copies, columns] */
  sumsOfSteps(scores: Float32Array): Float32Array {
    if (!this.sums) return scores;
    const { steps, columns } = this;
    const sums = new Float32Array((scores.length / steps) * columns);
    for (let k = 0; k < sums.length; k++) {
      const { start, end } = this.stepsOf[k % columns];
      const first = Math.floor(k / columns) * steps;
      let sum = 0;
      for (let t = start; t < end; t++) sum += scores[first + t];
      sums[k] = sum;
    }
    return sums;
  }

  /** One copy of the clean features. */
  get clean(): Features {
    return { segments: 1, source: this.sourceFeatures, target: this.targetFeatures };
  }

  /** So many copies of the clean features, to be disposed. */
  copies(segments: number): Features {
    const tiled = (features: Tensor2D): Tensor2D => tf.keep(tf.tile(features, [segments, 1]));
    return { segments, source: this.sourceFeatures && tiled(this.sourceFeatures), target: tiled(this.targetFeatures) };
  }

  /** Copies start .. start + count - 1. A source that all copies share stays whole. In the caller's tidy. */
  slice(features: Features, start: number, count: number): Features {
    const { segments, source, target } = features;
    if (count === segments) return features;
    const part = (tensor: Tensor2D, length: number): Tensor2D =>
      tf.slice(tensor, [start * length, 0], [count * length, tensor.shape[1]]);
    const shared = source?.shape[0] === this.sourceLength;
    return {
      segments: count,
      source: source && (shared ? source : part(source, this.sourceLength)),
      target: target.shape[0] === this.length ? target : part(target, this.length),
    };
  }

  dispose(): void {
    for (const tensor of [this.sourceFeatures, this.sourceBaseline, this.targetFeatures, this.targetBaseline]) {
      tensor?.dispose();
    }
  }
}
