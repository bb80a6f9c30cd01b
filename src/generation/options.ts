/** How a continuation is generated; names and meanings are those of Hugging Face's generation configuration. */
export interface GenerationOptions {
  maxNewTokens: number;
  minNewTokens: number;
  /** 1: greedy search or sampling. */
  numBeams: number;
  /** Draw instead of taking the likeliest. */
  doSample: boolean;
  temperature: number;
  /** 0: all tokens. */
  topK: number;
  topP: number;
  repetitionPenalty: number;
  /** 0: off. */
  noRepeatNgramSize: number;
  /** Exponent of the length that a beam's log-probability is divided by. */
  lengthPenalty: number;
  earlyStopping: boolean;
  /** Any of them ends the sequence. */
  eosIds: readonly number[];
  /** First generated token of encoder-decoder models (the target language). */
  forcedBosId: number | null;
  /** Token at the last allowed position. */
  forcedEosId: number | null;
  badWordsIds: readonly (readonly number[])[];
  suppressTokens: readonly number[];
}

/** Greedy search for `maxNewTokens` tokens; the base of what requests override. */
export const GREEDY: GenerationOptions = {
  maxNewTokens: 20,
  minNewTokens: 0,
  numBeams: 1,
  doSample: false,
  temperature: 1,
  topK: 50,
  topP: 1,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  lengthPenalty: 1,
  earlyStopping: false,
  eosIds: [],
  forcedBosId: null,
  forcedEosId: null,
  badWordsIds: [],
  suppressTokens: [],
};
