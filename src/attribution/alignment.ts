/** Alignment of a contrast text with the generated one, token by token, with the rules of Inseq. */

/** [position in the generated text, position in the contrast text] */
export type Pair = [number, number];

/**
 * Contrast position of each token start .. end - 1 of the generated text: [end - start].
 *
 * Explicit pairs count first; of several pairs of one token the lowest contrast position is taken that no earlier
 * token has taken (the lowest, if all are). Tokens without a pair are aligned from the ends: token end - k with the
 * k-th from the end of the contrast text. A shorter contrast text runs out before its first token, which nothing
 * predicts; the tokens that are left get its last one.
 */
export function alignContrast(pairs: readonly Pair[], start: number, end: number, contrastLength: number): Int32Array {
  const candidates = new Map<number, number[]>();
  for (const [target, contrast] of pairs) {
    const known = candidates.get(target);
    if (known === undefined) candidates.set(target, [contrast]);
    else known.push(contrast);
  }
  const taken = new Set<number>();
  return Int32Array.from({ length: end - start }, (_, index) => {
    const own = candidates.get(start + index)?.sort((a, b) => a - b);
    if (own !== undefined) {
      const chosen = own.find((at) => !taken.has(at)) ?? own[0];
      taken.add(chosen);
      return chosen;
    }
    const fromEnd = contrastLength - (end - start - index);
    return fromEnd < 1 ? contrastLength - 1 : fromEnd;
  });
}
