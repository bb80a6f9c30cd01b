/**
 * The contrast side of contrastive step functions (Yin and Neubig 2022, arXiv:2202.10419): for each step, a token that
 * might have been generated instead, and the logits that it is scored by.
 */

import { type TProperties, Type } from 'typebox';
import { type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import type { ContrastArgs, StepContext, StepRows } from './step-function.ts';

/** Input texts of one request. */
const MAX_TEXTS = 64;
const MAX_PAIRS = 4096;

const texts = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: MAX_TEXTS }),
  Type.Null(),
]);
const position = Type.Integer({ minimum: 0 });
const pair = Type.Array(position, { minItems: 2, maxItems: 2 });
const pairs = Type.Array(pair, { maxItems: MAX_PAIRS });

const CONTRAST_PROPERTIES = {
  contrast_targets: Type.Unsafe<string | string[] | null>({
    ...texts,
    default: null,
    description:
      'What might have been generated instead, of any length: one text, or one for each input. Decoder-only models: ' +
      'with its prompt. null: the generated text itself, read after contrast_sources.',
  }),
  contrast_sources: Type.Unsafe<string | string[] | null>({
    ...texts,
    default: null,
    description: 'Encoder-decoder models: another input text for the contrast side. null: the same.',
  }),
  contrast_targets_alignments: Type.Unsafe<ContrastArgs['contrast_targets_alignments']>({
    ...Type.Union([Type.Literal('auto'), pairs, Type.Array(pairs, { maxItems: MAX_TEXTS }), Type.Null()]),
    default: null,
    description:
      'Pairs [position in the generated text, position in the contrast text], in tokens, or a list of pairs for each ' +
      'input; positions without a pair are aligned from the ends of both texts. "auto": words that mean the same, by the ' +
      "hidden states of the models file's aligner (Dou and Neubig 2021, as Inseq does with LaBSE).",
  }),
  contrast_force_inputs: Type.Boolean({
    default: false,
    description:
      'As attributed function: score the contrast token after the contrast text, as step scores always do, in place ' +
      'of after the generated text. The contrast side is then a constant of the attribution.',
  }),
  skip_special_tokens: Type.Boolean({
    default: false,
    description: 'Tokenize the contrast texts without adding special tokens.',
  }),
};

/** Schema of a contrastive function's arguments, with those of its own. */
export function contrastArgs<T extends TProperties>(own: T) {
  return Type.Object({ ...CONTRAST_PROPERTIES, ...own }, { additionalProperties: false });
}

/** `logprob`, which functions of probabilities share. */
export const LOGPROB = {
  logprob: Type.Boolean({ default: false, description: 'Natural logarithms in place of probabilities.' }),
};

export interface ContrastSide {
  /** Contrast token of each step: [steps] */
  ids: Int32Array;
  /** Logits [steps, vocab] after the contrast inputs; null: the logits that the generated token is scored by. */
  logits: Tensor2D | null;
}

/**
 * The contrast side of a sequence. Step scores run the contrast inputs; an attributed function does so with
 * `contrast_force_inputs`, and by Inseq's default reads another token from the original prediction.
 */
export function contrastSide(context: StepContext, args: Record<string, unknown>): ContrastSide {
  const { targetIds, sourceIds, positions } = context.contrast(args);
  const ids = positions.map((at) => targetIds[at]);
  if (context.role === 'attribute' && args.contrast_force_inputs !== true) return { ids, logits: null };
  return { ids, logits: context.alternativeLogits({ targetIds, sourceIds, read: positions.map((at) => at - 1) }) };
}

/** The score of the contrast tokens: a function of the rows' own logits, or a constant of the contrast inputs. */
export function contrastTerm(
  context: StepContext,
  args: Record<string, unknown>,
  score: (logits: Tensor2D, ids: Int32Array) => Tensor1D,
): (rows: StepRows) => Tensor1D {
  const { ids, logits } = contrastSide(context, args);
  if (logits === null)
    return (rows) =>
      score(
        rows.logits,
        rows.steps.map((step) => ids[step]),
      );
  const constant = context.keep(tf.tidy(() => score(logits, ids)));
  return (rows) => rowsOf(constant, rows);
}

/** A constant of each step [steps, …], for each of the rows. */
export function rowsOf<T extends Tensor1D | Tensor2D>(perStep: T, rows: StepRows): T {
  return tf.gather(perStep, tf.tensor1d(rows.steps, 'int32'));
}
