/** Generation with cached keys and values: greedy search, beam search and seeded sampling, of single tokens or of beams. */

import type { Random } from '../random.ts';
import { beamSearch } from './beam-search.ts';
import { type Decoder, DecoderState } from './decoder-state.ts';
import type { GenerationOptions } from './options.ts';
import { applyRules } from './rules.ts';
import { argmax, sample } from './sampling.ts';

export interface Prompt {
  sourceIds: Int32Array | null;
  /** Decoder ids to start from: the prompt, or the decoder's start token. */
  targetIds: Int32Array;
}

/**
 * Continues a prompt.
 * @param onToken - called after every new token, with their number; may throw to stop
 * @returns the decoder's ids, prompt included; an end-of-sequence token stays
 */
export async function generate(
  decoder: Decoder,
  prompt: Prompt,
  options: GenerationOptions,
  random: Random,
  onToken: (generated: number) => void,
): Promise<Int32Array> {
  using state = new DecoderState(decoder);
  const logits = await state.start(prompt.sourceIds, prompt.targetIds);
  const search = options.numBeams > 1 ? beamSearch : oneByOne;
  return Int32Array.from(await search(state, prompt, logits, options, random, onToken));
}

async function oneByOne(
  state: DecoderState,
  { sourceIds, targetIds: prompt }: Prompt,
  firstLogits: Float32Array,
  options: GenerationOptions,
  random: Random,
  onToken: (generated: number) => void,
): Promise<number[]> {
  const ids = Array.from(prompt);
  const maxLength = prompt.length + options.maxNewTokens;
  let logits = firstLogits;
  for (;;) {
    const scores = logits.slice();
    applyRules(scores, { ids, promptLength: prompt.length, maxLength, encoderIds: sourceIds ?? prompt }, options);
    const token = options.doSample ? sample(scores, options, () => random.uniform()) : argmax(scores);
    ids.push(token);
    onToken(ids.length - prompt.length);
    if (ids.length >= maxLength || options.eosIds.includes(token)) return ids;
    logits = await state.extend(Int32Array.of(token), Int32Array.of(0));
  }
}
