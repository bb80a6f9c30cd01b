/**
 * The contrast side of contrastive step functions (Yin and Neubig 2022, arXiv:2202.10419): for each step, a token that
 * might have been generated instead, and the logits that it is scored by.
 */

import { type Static, type TObject, type TProperties, Type } from 'typebox';
import type { StepFunctionPasses } from '../../../contract/catalogue.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../../tensors/tf.ts';
import { AttributionError } from '../../errors.ts';
import type {
  ContrastArgs,
  Ensemble,
  GivenContrast,
  Scorer,
  StepContext,
  StepRows,
  Variant,
} from '../../step-function.ts';

const MAX_PAIRS = 4096;

const texts = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: LIMITS.texts }),
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
    ...Type.Union([Type.Literal('auto'), pairs, Type.Array(pairs, { maxItems: LIMITS.texts }), Type.Null()]),
    default: null,
    description:
      'Pairs [position in the generated text, position in the contrast text], in tokens, or a list of pairs for each ' +
      'input; positions without a pair are aligned from the ends of both texts. "auto": pairs words of the same ' +
      "meaning, by the hidden states of the models file's aligner (Dou and Neubig 2021, as Inseq does with LaBSE).",
  }),
  contrast_force_inputs: Type.Boolean({
    default: false,
    description:
      'As attributed function: score the contrast token after the contrast text, as step scores always do, instead of ' +
      'after the generated text. The contrast text is a constant of the attribution; an input text shared by both ' +
      'sides (encoder-decoder models without contrast_sources) counts on both.',
  }),
  skip_special_tokens: Type.Boolean({
    default: false,
    description: 'Tokenize the contrast texts without adding special tokens.',
  }),
};

type ContrastiveArgs = Static<TObject<typeof CONTRAST_PROPERTIES>>;

/** Schema of a contrastive function's arguments, with those of its own. */
export function contrastArgs<T extends TProperties>(own: T) {
  return Type.Object({ ...CONTRAST_PROPERTIES, ...own }, { additionalProperties: false });
}

/**
 * What a contrastive function runs at most: the contrast text once. Where it reads the same as the generated text it takes
 * that one's pass. As the attributed function it does so only with `contrast_force_inputs`, and where both sides share
 * an encoder's input, it runs the contrast text, and perhaps the generated one again, with each copy.
 */
export const CONTRAST_PASSES: StepFunctionPasses = {
  runs: ['if', 'contrast_force_inputs', ['if', 'contrast_sources', 1, ['if', 'source', 3, 1]], 1],
  attributed: ['*', 'contrast_force_inputs', 2],
  scored: 1,
  most: true,
};

/** `logprob`, which functions of probabilities share. */
export const LOGPROB = {
  logprob: Type.Boolean({ default: false, description: 'Natural logarithms instead of probabilities.' }),
};

export interface ContrastSide {
  /** Contrast token of each step: [steps] */
  ids: Int32Array;
  /** Logits [steps, vocab] after the contrast inputs, a constant; null: those that the generated token is scored by. */
  logits: Tensor2D | null;
  /** Runs of the contrast text after the source that is attributed, in place of the constant. */
  runs: ContrastRuns | null;
  /** Steps that are scored by the constant, where others are not: [steps] */
  forced?: readonly boolean[];
}

/** Runs of constant decoder inputs after the source that is attributed. */
interface ContrastRuns {
  variants: Variant[];
  /** The contrast side's logits [rows, vocab] from those of the variants. */
  merge(logits: readonly Tensor2D[], steps: Int32Array): Tensor2D;
}

/**
 * The contrast side of a sequence. Step scores run the contrast inputs; an attributed function does so with
 * `contrast_force_inputs`, and by Inseq's default reads another token from the original prediction.
 *
 * A step that reads the same ids in both texts takes the logits of the sequence itself on both sides: two runs of
 * different lengths would differ by rounding, and where nothing else is left, attributions would be made of it.
 */
export async function contrastSide(context: StepContext, args: ContrastiveArgs): Promise<ContrastSide> {
  if (context.given !== undefined) return givenSide(context.role, context.given);
  const { targetIds, sourceIds, positions, shared } = await context.contrast(args);
  const ids = positions.map((at) => targetIds[at]);
  const attributed = context.role === 'attribute';
  if (attributed && !args.contrast_force_inputs) return { ids, logits: null, runs: null };
  const read = positions.map((at) => at - 1);
  // An encoder's input that both sides share counts on both; other contrast inputs are constants.
  if (attributed && sourceIds !== null && args.contrast_sources === null) {
    return { ids, logits: null, runs: contrastRuns({ targetIds, read }, context.own, shared) };
  }
  if (!shared.includes(false)) return { ids, logits: context.cleanLogits(), runs: null };
  const other = context.alternativeLogits({ targetIds, sourceIds, read });
  if (!shared.includes(true)) return { ids, logits: other, runs: null };
  const clean = context.cleanLogits();
  return { ids, logits: context.keep(tf.tidy(() => chosen(shared, clean, other))), runs: null };
}

/** A contrast that needs no texts: a step score reads its logits, an attributed function where they are forced. */
function givenSide(role: StepContext['role'], { ids, logits, forced }: GivenContrast): ContrastSide {
  if (role === 'score' || !forced.includes(false)) return { ids, logits, runs: null };
  return forced.includes(true) ? { ids, logits, runs: null, forced } : { ids, logits: null, runs: null };
}

type DecoderInput = NonNullable<Variant['decoder']>;

/** Runs of the contrast text and, for the steps that are shared, of the sequence's own ids. */
function contrastRuns(contrast: DecoderInput, own: DecoderInput, shared: readonly boolean[]): ContrastRuns {
  const ofText = ({ targetIds, read }: DecoderInput): Variant => ({
    options: () => ({}),
    decoder: { targetIds, read },
  });
  if (!shared.includes(true)) return { variants: [ofText(contrast)], merge: ([other]) => other };
  if (!shared.includes(false)) return { variants: [ofText(own)], merge: ([same]) => same };
  return {
    variants: [ofText(own), ofText(contrast)],
    merge: ([same, other], steps) =>
      chosen(
        Array.from(steps, (step) => shared[step]),
        same,
        other,
      ),
  };
}

/** Rows of `a` where chosen, of `b` elsewhere: [rows, vocab] */
function chosen(choice: readonly boolean[], a: Tensor2D, b: Tensor2D): Tensor2D {
  const column = tf.tensor2d([...choice].map(Number), [choice.length, 1], 'bool');
  return tf.where(column, a, b);
}

/**
 * A function of the generated token's prediction and the score of the contrast token.
 * @param score - of the contrast tokens `ids` by `logits`: [rows]
 * @param combine - the rows of the generated tokens with the contrast tokens' scores: [rows]; null: the latter alone
 * @throws {AttributionError} for an attributed function that does not depend on anything that is attributed
 */
export async function contrastScorer(
  context: StepContext,
  args: ContrastiveArgs,
  score: (logits: Tensor2D, ids: Int32Array) => Tensor1D,
  combine: ((rows: StepRows, other: Tensor1D) => Tensor1D) | null,
): Promise<Scorer | Ensemble> {
  const { ids, logits: found, runs, forced } = await contrastSide(context, args);
  // What is nothing but the contrast token's score is attributed after the text itself, or it would be a constant.
  const logits = context.given !== undefined && context.role === 'attribute' && combine === null ? null : found;
  const idsOf = (steps: Int32Array): Int32Array => steps.map((step) => ids[step]);
  if (runs !== null) {
    const { variants, merge } = runs;
    if (combine === null) return { variants, score: (all, { steps }) => score(merge(all, steps), idsOf(steps)) };
    return bothSides(runs, (rows, other) => combine(rows, score(other, idsOf(rows.steps))));
  }
  const result = combine ?? ((_rows, other) => other);
  if (logits === null) return (rows) => result(rows, score(rows.logits, idsOf(rows.steps)));
  if (combine === null && context.role === 'attribute') {
    throw new AttributionError(
      'invalid_contrast',
      "the contrast token's score after other inputs does not depend on the attributed text: leave " +
        'contrast_force_inputs out, or attribute a difference',
      '/contrast_force_inputs',
    );
  }
  const constant = context.keep(tf.tidy(() => score(logits, ids)));
  if (forced === undefined) return (rows) => result(rows, rowsOf(constant, rows));
  const isForced = context.keep(tf.tensor1d(forced.map(Number)));
  return (rows) => {
    const own = score(rows.logits, idsOf(rows.steps));
    return result(rows, tf.where(tf.greater(rowsOf(isForced, rows), 0), rowsOf(constant, rows), own));
  };
}

/** A score of several runs of one source: the generated text's rows, and the logits of the contrast side. */
export function bothSides(runs: ContrastRuns, score: (rows: StepRows, other: Tensor2D) => Tensor1D): Ensemble {
  return {
    variants: [{ options: () => ({}) }, ...runs.variants],
    score: ([logits, ...others], rows) => score({ ...rows, logits }, runs.merge(others, rows.steps)),
  };
}

/** A constant of each step [steps, …], for each of the rows. */
export function rowsOf<T extends Tensor1D | Tensor2D>(perStep: T, rows: StepRows): T {
  return tf.gather(perStep, tf.tensor1d(rows.steps, 'int32'));
}
