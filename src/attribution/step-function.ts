/**
 * Step functions: the score of one generated token, from the logits at its position.
 *
 * A step function is one file in step-functions/ with a default export. It serves as a step score (reported beside the
 * attributions) and, where it is differentiable, as the attributed function, whose gradient or drop is attributed.
 */

import type { TSchema } from 'typebox';
import type { StepFunctionPasses } from '../contract/catalogue.ts';
import type { RunOptions } from '../nn/run.ts';
import type { Random } from '../random.ts';
import type { Tensor, Tensor1D, Tensor2D } from '../tensors/tf.ts';
import type { Arguments } from './arguments.ts';

export interface Paper {
  title: string;
  url: string;
}

/** Logits of some rows, each the prediction of one step's token, in any order and number. */
export interface StepRows {
  /** [rows, vocab] */
  logits: Tensor2D;
  /** Which step each row is: [rows] */
  steps: Int32Array;
  /** The generated token of each row: [rows] */
  targets: Int32Array;
}

/** Scores [rows] of rows. Written in tf ops on `logits`, so that tfjs can differentiate it. Runs in a tidy. */
export type Scorer = (rows: StepRows) => Tensor1D;

/** One of several runs of the same features, such as a network that dropout drew. */
export interface Variant {
  /** Options of the run over so many copies of the sequence: the same network for each copy, whenever it is called. */
  options(segments: number): RunOptions;
  /** Another decoder input, a constant, read after the source features that all runs share. */
  decoder?: Pick<Alternative, 'targetIds' | 'read'>;
}

/** A score of several runs. */
export interface Ensemble {
  readonly variants: readonly Variant[];
  /** Scores [rows], as of a `Scorer`, from the logits [rows, vocab] of the same rows in each variant. */
  score(logits: readonly Tensor2D[], rows: Omit<StepRows, 'logits'>): Tensor1D;
}

/** Another decoder input (and encoder input) for the contrast side of a contrastive function. */
export interface Alternative {
  targetIds: Int32Array;
  sourceIds?: Int32Array | null;
  /** Decoder positions at which logits are read, one a step: [steps] */
  read: Int32Array;
}

/** Contrast pairs of a sequence: for each step, the contrast token and the position that it is predicted from. */
export interface Contrast {
  targetIds: Int32Array;
  sourceIds: Int32Array | null;
  /** Position in targetIds of each step's contrast token: [steps] */
  positions: Int32Array;
  /** Steps that read the same ids in both texts, so that both tokens are predicted by the same logits: [steps] */
  shared: readonly boolean[];
}

/** A contrast that the caller has found, in place of contrast texts. */
export interface GivenContrast {
  /** Contrast token of each step: [steps] */
  ids: Int32Array;
  /** Logits [steps, vocab] after the contrast inputs: a constant. */
  logits: Tensor2D;
  /** Steps whose contrast token an attributed function scores by these logits, and not by the text's own: [steps] */
  forced: readonly boolean[];
}

/** What a step function may ask for when it prepares for one sequence. */
export interface StepContext {
  /** Contrastive functions always run the contrast inputs for a step score; by default not as the attributed function. */
  readonly role: 'score' | 'attribute';
  /** Generated token of each step: [steps] */
  readonly targets: Int32Array;
  readonly random: Random;
  /** The ids of the sequence itself, and where its logits are read. */
  readonly own: Required<Alternative>;
  /** Logits [steps, vocab] of the unperturbed sequence, kept for as long as the sequence is worked on. */
  cleanLogits(): Tensor2D;
  /**
   * Scores of copies of the network that dropout draws at random: [samples, steps], row-major. `noisy` is false for a
   * model without dropout, whose copies are all the same.
   */
  noisyScores(samples: number, scorer: Scorer): Promise<{ scores: Float32Array; noisy: boolean }>;
  /** Copies of the network with frozen dropout masks, for scores that are attributed. */
  noisyVariants(samples: number): Variant[];
  /** Logits [steps, vocab] of other inputs, kept for as long as the sequence is worked on. */
  alternativeLogits(alternative: Alternative): Tensor2D;
  /** Takes the place of contrast texts; left out: the arguments name them. */
  readonly given?: GivenContrast;
  /** Resolves contrast_targets, contrast_sources and alignments for this sequence. Throws AttributionError. */
  contrast(args: ContrastArgs): Promise<Contrast>;
  /** Keeps a tensor for as long as the sequence is worked on. */
  keep<T extends Tensor>(tensor: T): T;
}

export interface ContrastArgs {
  contrast_targets?: string | string[] | null;
  contrast_sources?: string | string[] | null;
  contrast_targets_alignments?: 'auto' | [number, number][] | [number, number][][] | null;
  skip_special_tokens?: boolean;
}

export interface StepFunction {
  readonly id: string;
  readonly name: string;
  /** One sentence: what the score means and its unit. */
  readonly description: string;
  readonly paper: Paper | null;
  /** JSON Schema of the arguments, with defaults. */
  readonly argsSchema: TSchema;
  /** True when gradients through it are defined. */
  readonly differentiable: boolean;
  /** What `prepare` and an ensemble run beside the clean pass, for quotes; left out: nothing. */
  readonly passes?: StepFunctionPasses;
  /** How the scores of merged tokens combine (Inseq's aggregate_map). */
  readonly spanAggregation: 'prod' | 'sum' | 'absmax';
  /**
   * Prepares for one sequence; `args` has been validated and completed. What it makes on the device it keeps through
   * the context or frees.
   * @throws {AttributionError} when the arguments do not fit the sequence or the role.
   */
  prepare(context: StepContext, args: Record<string, unknown>): Scorer | Ensemble | Promise<Scorer | Ensemble>;
}

type Prepared = ReturnType<StepFunction['prepare']>;

/** A step function whose `args` have the type of its schema. */
export function defineStepFunction<const Schema extends TSchema>(
  stepFunction: Omit<StepFunction, 'argsSchema' | 'prepare'> & {
    readonly argsSchema: Schema;
    prepare(context: StepContext, args: Arguments<Schema>): Prepared;
  },
): StepFunction {
  return stepFunction;
}
