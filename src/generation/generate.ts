/** Generation with cached keys and values: greedy search, beam search and seeded sampling, of single tokens or of beams. */

import type { Random } from '../random.ts';
import { beamSearch } from './beam-search.ts';
import { type Decoder, DecoderState, type SavedState } from './decoder-state.ts';
import type { GenerationOptions } from './options.ts';
import { applyRules } from './rules.ts';
import { argmax, sample } from './sampling.ts';

export interface Prompt {
  sourceIds: Int32Array | null;
  /** Decoder ids to start from: the prompt, or the decoder's start token. */
  targetIds: Int32Array;
}

/** A continuation as it is put down: plain data. */
export interface SavedContinuation {
  /** Prompt and new tokens. */
  ids: number[];
  /** Null: there are no tokens to come. */
  state: SavedState | null;
}

/** How far a text has been continued, so that another attempt goes on from there: token by token, or where beams are done. */
export class Continuation {
  /** What an earlier attempt has put down; null: nothing. */
  readonly earlier: SavedContinuation | null;
  #ids: readonly number[] | null = null;
  #promptLength = 0;
  /** Null: no token follows. */
  #state: DecoderState | null = null;

  constructor(earlier: SavedContinuation | null = null) {
    this.earlier = earlier;
  }

  /** Follows ids that are continued from now on, those of the prompt first. */
  follow(ids: readonly number[], promptLength: number, state: DecoderState): void {
    this.#ids = ids;
    this.#promptLength = promptLength;
    this.#state = state;
  }

  /** No token follows. */
  end(ids: readonly number[]): void {
    this.#ids = ids;
    this.#state = null;
  }

  /** What is to be put down now; null: nothing. @param room - bytes that it may have */
  async save(room: number): Promise<SavedContinuation | null> {
    if (this.#ids === null) return this.earlier;
    const ids = [...this.#ids];
    if (this.#state === null) return { ids, state: null };
    if (ids.length === this.#promptLength) return null; // a prompt is run as one
    // The last token may not have been run.
    const state = await this.#state.save(ids.length - 1, room);
    return state && { ids, state };
  }
}

/**
 * Continues a prompt.
 * @param onToken - called after every new token, with their number; may throw to stop
 * @param continuation - how far an earlier attempt has come, and where this one notes the same
 * @returns the decoder's ids, prompt included; an end-of-sequence token stays
 */
export async function generate(
  decoder: Decoder,
  prompt: Prompt,
  options: GenerationOptions,
  random: Random,
  onToken: (generated: number) => void,
  continuation: Continuation = new Continuation(),
): Promise<Int32Array> {
  const { earlier } = continuation;
  const ids = earlier === null ? Array.from(prompt.targetIds) : [...earlier.ids];
  const known = ids.length - prompt.targetIds.length;
  if (known > 0) onToken(known);
  using state = new DecoderState(decoder);
  let whole: readonly number[] = ids;
  if (options.numBeams > 1) {
    if (earlier === null) {
      const first = await state.start(prompt.sourceIds, prompt.targetIds);
      whole = await beamSearch(state, prompt, first, options, random, onToken);
    }
  } else if (earlier === null || earlier.state !== null) {
    // Each token was one draw.
    if (options.doSample) for (let token = 0; token < known; token++) random.uniform();
    continuation.follow(ids, prompt.targetIds.length, state);
    const first =
      earlier?.state == null
        ? await state.start(prompt.sourceIds, prompt.targetIds)
        : await state.resume(ids, earlier.state);
    await oneByOne(state, prompt, { ids, first }, options, random, onToken);
  }
  continuation.end(whole);
  return Int32Array.from(whole);
}

/** @param begun - the ids, which are continued, and the logits after them */
async function oneByOne(
  state: DecoderState,
  { sourceIds, targetIds: prompt }: Prompt,
  { ids, first }: { ids: number[]; first: Float32Array },
  options: GenerationOptions,
  random: Random,
  onToken: (generated: number) => void,
): Promise<void> {
  const maxLength = prompt.length + options.maxNewTokens;
  let logits = first;
  for (;;) {
    const scores = logits.slice();
    applyRules(scores, { ids, promptLength: prompt.length, maxLength, encoderIds: sourceIds ?? prompt }, options);
    const token = options.doSample ? sample(scores, options, () => random.uniform()) : argmax(scores);
    ids.push(token);
    onToken(ids.length - prompt.length);
    if (ids.length >= maxLength || options.eosIds.includes(token)) return;
    logits = await state.extend(Int32Array.of(token), Int32Array.of(0));
  }
}
