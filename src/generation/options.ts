/** The options of generation, and their defaults. */

import { LIMITS } from '../contract/limits.ts';

/** How a continuation is generated; names and meanings are those of Hugging Face's generation configuration. */
export interface GenerationOptions {
  maxNewTokens: number;
  minNewTokens: number;
  /** Tokens of prompt and generation before the end of the sequence is allowed. */
  minLength: number;
  /** 1: greedy search or sampling. */
  numBeams: number;
  /** Draw instead of taking the likeliest. */
  doSample: boolean;
  temperature: number;
  /** 0: all tokens. */
  topK: number;
  topP: number;
  repetitionPenalty: number;
  /** Above 1: tokens of the source (decoder-only: of the prompt) are likelier. */
  encoderRepetitionPenalty: number;
  /** 0: off. */
  noRepeatNgramSize: number;
  /** No n-gram of the source (decoder-only: of the prompt) occurs; 0: off. */
  encoderNoRepeatNgramSize: number;
  /** Exponent of the length that a beam's log-probability is divided by. */
  lengthPenalty: number;
  /** Whether as many finished beams as there are beams end the search; "never": not before none can be better. */
  earlyStopping: boolean | 'never';
  /** Any of them ends the sequence. */
  eosIds: readonly number[];
  /** One of them is the first generated token, where the prompt is one token (the target language). */
  forcedBosIds: readonly number[];
  /** One of them is the token at the last allowed position. */
  forcedEosIds: readonly number[];
  badWordsIds: readonly (readonly number[])[];
  /** Added to the score of the last token of a sequence behind the others. */
  sequenceBias: readonly (readonly [ids: readonly number[], bias: number])[];
  suppressTokens: readonly number[];
  /** Suppressed as the first generated token, behind a forced one. */
  beginSuppressTokens: readonly number[];
  /** From so many new tokens on, the end of the sequence is likelier by a factor for each; null: off. */
  exponentialDecay: readonly [start: number, factor: number] | null;
  /** Whether a beam's scores are log-probabilities again after the rules. */
  renormalizeLogits: boolean;
}

/** Greedy search for `maxNewTokens` tokens; the base of what checkpoints and requests override. */
export const GREEDY: GenerationOptions = {
  maxNewTokens: LIMITS.defaultNewTokens,
  minNewTokens: 0,
  minLength: 0,
  numBeams: 1,
  doSample: false,
  temperature: 1,
  topK: 50,
  topP: 1,
  repetitionPenalty: 1,
  encoderRepetitionPenalty: 1,
  noRepeatNgramSize: 0,
  encoderNoRepeatNgramSize: 0,
  lengthPenalty: 1,
  earlyStopping: false,
  eosIds: [],
  forcedBosIds: [],
  forcedEosIds: [],
  badWordsIds: [],
  sequenceBias: [],
  suppressTokens: [],
  beginSuppressTokens: [],
  exponentialDecay: null,
  renormalizeLogits: false,
};
