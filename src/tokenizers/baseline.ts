/** Baselines: the ids that stand for "no information" (Inseq's `encode(return_baseline=True)`). */

import type { ConfigIds } from '../checkpoints/config.ts';

/** The special ids that baselines are made of. */
export interface BaselineIds {
  unk: number | null;
  pad: number | null;
  /** The first one, where a model has several. */
  eos: number | null;
}

/**
 * The ids that Inseq takes: the unknown and padding tokens of the tokenizer, and of config.json the end of the sequence
 * and the padding token of a tokenizer that has none. What generation stops at (generation_config.json) is another list.
 */
export function baselineSpecials(tokenizer: BaselineIds, config: ConfigIds): BaselineIds {
  const pad = tokenizer.pad ?? config.pad ?? config.eos;
  return { unk: tokenizer.unk, pad, eos: config.eos ?? pad ?? tokenizer.eos };
}

/** The token that stands for "nothing"; null: the model has none. */
export function baselineId({ unk, pad, eos }: BaselineIds): number | null {
  return unk ?? pad ?? eos;
}

/**
 * Every token becomes the unknown token, the end of the sequence stays itself unless `includeEos`.
 * Without an unknown token the padding token takes its place, without that the end of the sequence.
 * @throws {Error} when the model has none of the three.
 */
export function baselineIds(ids: Int32Array, special: BaselineIds, includeEos: boolean): Int32Array {
  const nothing = baselineId(special);
  if (nothing === null) throw new Error('the model has no unk, pad or eos token to make a baseline of');
  return ids.map((id) => (id === special.eos && !includeEos ? id : nothing));
}
