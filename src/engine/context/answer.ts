/** An answer with its context, and the same answer without: the ids of both, and where in each its tokens are. */

import type { Sequence } from '../../attribution/passes/sequence-features.ts';
import type { Token } from '../../attribution/scores.ts';
import type { Reading } from '../../attribution/sources/answer-copies.ts';
import type { Decoder } from '../../generation/decoder-state.ts';
import type { ResolvedGeneration } from '../../generation/resolve.ts';
import type { Random } from '../../random.ts';
import type { Range } from '../../templates.ts';
import { baselineIds, baselineSpecials } from '../../tokenizers/baseline.ts';
import { checkLength, checkVocabulary } from '../inputs.ts';
import type { ReadyModel } from '../model-store.ts';

/** A text of the context by its tokens among those that the model reads with context. */
export interface ContextTokens {
  text: string;
  side: 'source' | 'target';
  positions: number[];
}

export interface Answer {
  contextual: Reading;
  contextless: Reading;
  /** Decoder positions of the answer's tokens with context and without: [tokens] each. */
  positions: Int32Array;
  contextlessPositions: Int32Array;
  /** Tokens with context, with the characters that they cover of what `texts` has. */
  tokens: { source: Token[]; target: Token[] };
  texts: { source: string | null; target: string };
  /** The answer's characters in the target text. */
  range: Range;
  /** The answer as it is told. */
  text: string;
  inputContext: ContextTokens | null;
  outputContext: ContextTokens | null;
  /** Whether other tokens would have come of encoding the texts again. */
  reencoded: boolean;
  /** How it was generated; null: it was given. */
  generation: ResolvedGeneration | null;
}

/** What an answer is made with. */
export interface AnswerOptions {
  model: ReadyModel;
  random: Random;
  decoder: Decoder;
  onProgress(generated: number, wanted: number): void;
}

/** A reading as a sequence of which some tokens are attributed. @param steps - their positions, ascending */
export function sequenceOf({ sourceIds, targetIds }: Reading, steps: Int32Array, model: ReadyModel): Sequence {
  const special = baselineSpecials(model.tokenizer.special, model.configIds);
  const targetBaselineIds = baselineIds(targetIds, special, false);
  // The decoder's start token carries nothing: it is its own baseline.
  if (sourceIds !== null) targetBaselineIds[0] = targetIds[0];
  return {
    sourceIds,
    sourceBaselineIds: sourceIds && baselineIds(sourceIds, special, false),
    targetIds,
    targetBaselineIds,
    start: steps[0],
    end: steps[steps.length - 1] + 1,
    steps,
    specialIds: model.tokenizer.specialIds,
  };
}

/** @throws {AttributionError} where the model has no positions or embeddings for what it is to read */
export function checkReading({ sourceIds, targetIds }: Reading, model: ReadyModel, pointer: string): void {
  const { sourceEmbedding, targetEmbedding } = model.model;
  for (const [ids, embedding] of [
    [sourceIds, sourceEmbedding],
    [targetIds, targetEmbedding],
  ] as const) {
    if (ids === null) continue;
    checkLength(ids.length, model, pointer);
    checkVocabulary(ids, model, embedding, pointer);
  }
}

/** Positions of the tokens that cover characters of the range. */
export function tokensWithin(tokens: readonly Token[], [from, to]: Range): number[] {
  return Array.from(tokens.keys()).filter((at) => {
    const { start, end } = tokens[at];
    return start !== null && end !== null && Math.max(start, from) < Math.min(end, to);
  });
}

/** Consecutive positions [from, to). */
export function positionsFrom(from: number, to: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
}
