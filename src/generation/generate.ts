/** Generation with cached keys and values: greedy search, beam search and seeded sampling, of single tokens or of beams. */

import type { LanguageModel } from '../models/model.ts';
import type { Random } from '../random.ts';
import { beamSearch } from './beam-search.ts';
import { DecoderState } from './decoder-state.ts';
import type { GenerationOptions } from './options.ts';
import { applyRules, argmax, sample } from './processors.ts';

export interface Prompt {
  sourceIds: Int32Array | null;
  /** Decoder ids to start from: the prompt, or the decoder's start token. */
  targetIds: Int32Array;
}

/**
 * Continues a prompt.
 * @param tick - called after every new token; may throw to stop
 * @returns the decoder's ids, prompt included; an end-of-sequence token stays
 */
export async function generate(
  model: LanguageModel,
  prompt: Prompt,
  options: GenerationOptions,
  random: Random,
  tick: (generated: number) => Promise<void>,
): Promise<Int32Array> {
  const state = new DecoderState(model);
  try {
    const logits = state.start(prompt.sourceIds, prompt.targetIds);
    if (options.numBeams > 1) {
      return Int32Array.from(await beamSearch(state, prompt.targetIds, logits, options, random, tick));
    }
    return Int32Array.from(await oneByOne(state, prompt.targetIds, logits, options, random, tick));
  } finally {
    state.dispose();
  }
}

async function oneByOne(
  state: DecoderState,
  prompt: Int32Array,
  firstLogits: Float32Array,
  options: GenerationOptions,
  random: Random,
  tick: (generated: number) => Promise<void>,
): Promise<number[]> {
  const ids = Array.from(prompt);
  const maxLength = prompt.length + options.maxNewTokens;
  let logits = firstLogits;
  for (;;) {
    const scores = logits.slice();
    applyRules(scores, { ids, promptLength: prompt.length, maxLength }, options);
    const token = options.doSample ? sample(scores, options, () => random.uniform()) : argmax(scores);
    ids.push(token);
    await tick(ids.length - prompt.length);
    if (ids.length >= maxLength || options.eosIds.includes(token)) return ids;
    logits = state.extend(Int32Array.of(token), Int32Array.of(0));
  }
}
