/** Baselines: the ids that stand for "no information" (Inseq's `encode(return_baseline=True)`). */

/** The special ids that baselines are made of. */
export interface BaselineIds {
  unk: number | null;
  pad: number | null;
  /** The first one, where a model has several. */
  eos: number | null;
}

/**
 * Every token becomes the unknown token, the end of the sequence stays itself unless `includeEos`.
 * Without an unknown token the padding token takes its place, without that the end of the sequence.
 * @throws {Error} when the model has none of the three.
 */
export function baselineIds(ids: Int32Array, special: BaselineIds, includeEos: boolean): Int32Array {
  const unk = special.unk ?? special.pad ?? special.eos;
  if (unk === null) throw new Error('the model has no unk, pad or eos token to make a baseline of');
  return ids.map((id) => (id === special.eos && !includeEos ? id : unk));
}
