/** Resolves the contrast texts of a request into the ids and positions that a sequence's steps are compared with. */

import { AttributionError } from '../../errors.ts';
import type { Sequence } from '../../passes/sequence-features.ts';
import type { Contrast, ContrastArgs } from '../../step-function.ts';
import { alignContrast, type Pair } from './align-contrast.ts';

/** What the context needs of the tokenizer and the request to read contrast texts. */
export interface ContrastTexts {
  /** Decoder ids of a text, encoded like the sequence: with decoder start and language where there are any. */
  encodeTarget(text: string, options: { addSpecialTokens: boolean }): Int32Array;
  /** Encoder ids of a text; null for decoder-only models. */
  encodeSource: ((text: string, options: { addSpecialTokens: boolean }) => Int32Array) | null;
  /** Pairs of aligned positions [of targetIds, of contrastIds], for "auto"; null: no aligner model. */
  align: ((targetIds: Int32Array, contrastIds: Int32Array, contrastText: string) => Promise<Pair[]>) | null;
  /** Which of the request's input texts the sequence is, and how many there are. */
  index: number;
  count: number;
  /** Longest sequence that the model has positions for; null: no limit. */
  maxPositions: number | null;
}

/**
 * Reads the contrast arguments for one sequence.
 * @throws {AttributionError} with a pointer relative to the function's arguments
 */
export async function resolveContrast(args: ContrastArgs, sequence: Sequence, texts: ContrastTexts): Promise<Contrast> {
  const targetText = textOf(args.contrast_targets, 'contrast_targets', texts);
  const sourceText = textOf(args.contrast_sources, 'contrast_sources', texts);
  if (targetText === null && sourceText === null) {
    const other = texts.encodeSource === null ? '' : ' or contrast_sources';
    throw fault('contrast_targets', `contrastive step functions need contrast_targets${other}`);
  }
  const options = { addSpecialTokens: args.skip_special_tokens !== true };
  const targetIds = targetText === null ? sequence.targetIds : texts.encodeTarget(targetText, options);
  let { sourceIds } = sequence;
  if (sourceText !== null) {
    if (texts.encodeSource === null) {
      const message = 'a decoder-only model has no source: put the other context in front of contrast_targets';
      throw fault('contrast_sources', message);
    }
    sourceIds = texts.encodeSource(sourceText, options);
    checkLength(sourceIds, 'contrast_sources', texts);
  }
  checkLength(targetIds, 'contrast_targets', texts);
  // Without a contrast text of its own every step keeps its token, whatever precedes it.
  const all = targetText === null ? null : await align(args, sequence, targetIds, targetText, texts);
  const positions = Int32Array.from({ length: sequence.end - sequence.start }, (_, t) => {
    const at = sequence.start + t;
    return all === null ? at : all[at];
  });
  const unread = positions.findIndex((at) => at < 1);
  if (unread >= 0) {
    const message =
      `token ${sequence.start + unread} of the generated text is aligned with the first token of the contrast text, ` +
      'which nothing predicts: pair it with a later one';
    throw fault('contrast_targets_alignments', message);
  }
  return { targetIds, sourceIds, positions, shared: sharedSteps(sequence, targetIds, sourceIds, positions) };
}

/** Which steps read the same ids as the generated token's: the same source and the same prefix. */
function sharedSteps(
  sequence: Sequence,
  targetIds: Int32Array,
  sourceIds: Int32Array | null,
  positions: Int32Array,
): boolean[] {
  const sameSource = sourceIds?.join() === sequence.sourceIds?.join();
  const differing = targetIds.findIndex((id, at) => id !== sequence.targetIds[at]);
  const common = differing < 0 ? targetIds.length : differing;
  return Array.from(positions, (at, t) => sameSource && at === sequence.start + t && at <= common);
}

/**
 * Contrast position of each token of the generated text from the first step on. Texts are aligned to their ends, not
 * to the end of the attributed span: a step's counterpart does not depend on which other steps there are.
 */
async function align(
  args: ContrastArgs,
  sequence: Sequence,
  contrastIds: Int32Array,
  contrastText: string,
  texts: ContrastTexts,
): Promise<Int32Array> {
  const { targetIds, start } = sequence;
  const given = args.contrast_targets_alignments ?? null;
  const pairs = given === 'auto' ? await automatic(targetIds, contrastIds, contrastText, texts) : pairsOf(given, texts);
  const limits = [targetIds.length, contrastIds.length];
  for (const pair of pairs) {
    const side = pair.findIndex((at, index) => at >= limits[index]);
    if (side < 0) continue;
    const text = `the ${side === 0 ? 'generated' : 'contrast'} text has ${limits[side]} tokens`;
    throw fault('contrast_targets_alignments', `the pair [${pair.join(', ')}] names token ${pair[side]}, but ${text}`);
  }
  return alignContrast(pairs, targetIds.length, contrastIds.length, start);
}

async function automatic(
  targetIds: Int32Array,
  contrastIds: Int32Array,
  contrastText: string,
  { align: alignTexts }: ContrastTexts,
): Promise<Pair[]> {
  if (alignTexts === null) {
    const message =
      '"auto" needs an aligner, and the models file of this service names none: give pairs of positions, or have ' +
      '"aligner": {"hub": "sentence-transformers/LaBSE"} put into it';
    throw fault('contrast_targets_alignments', message);
  }
  // Nothing predicts the first token of a text.
  const pairs = await alignTexts(targetIds, contrastIds, contrastText);
  return pairs.filter(([, contrast]) => contrast > 0);
}

type GivenPairs = Exclude<NonNullable<ContrastArgs['contrast_targets_alignments']>, 'auto'>;

function pairsOf(given: GivenPairs | null, texts: ContrastTexts): Pair[] {
  if (given === null) return [];
  const lists = given.filter((entry): entry is Pair[] => !isPair(entry));
  if (lists.length === 0) return given.filter(isPair);
  if (lists.length === 1) return lists[0];
  if (lists.length !== texts.count) {
    const message = `${lists.length} lists of pairs do not fit ${texts.count} input texts`;
    throw fault('contrast_targets_alignments', message);
  }
  return lists[texts.index];
}

function isPair(entry: Pair | Pair[]): entry is Pair {
  return typeof entry[0] === 'number';
}

/** The text of this sequence: one for all inputs, or one for each. */
function textOf(given: string | string[] | null | undefined, field: string, texts: ContrastTexts): string | null {
  if (given === null || given === undefined) return null;
  if (typeof given === 'string') return given;
  if (given.length === 1) return given[0];
  if (given.length === texts.count) return given[texts.index];
  throw fault(field, `${given.length} texts do not fit ${texts.count} input texts: give one, or one for each`);
}

function checkLength(ids: Int32Array, field: string, { maxPositions }: ContrastTexts): void {
  if (ids.length < 2)
    throw fault(field, `a contrast text of ${ids.length} tokens has nothing to predict: 2 are needed`);
  if (maxPositions !== null && ids.length > maxPositions) {
    throw fault(field, `the contrast text has ${ids.length} tokens, but the model has positions for ${maxPositions}`);
  }
}

function fault(field: string, message: string): AttributionError {
  return new AttributionError('invalid_contrast', message, `/${field}`);
}
