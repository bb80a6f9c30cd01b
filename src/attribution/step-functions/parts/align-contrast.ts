/** Which token of a contrast text stands against each generated token. */

/** [position in the generated text, position in the contrast text]. */
export type Pair = [number, number];

/**
 * The contrast position of each generated token from `start` to `end`; -1 outside.
 *
 * A token with explicit pairs takes the smallest contrast position that no earlier token has taken, or its smallest.
 * The others are aligned from the right: the last before `end` with the last of the contrast text, and so on. Those
 * that would fall on the first contrast token, which nothing predicts, or before it, take the last.
 * @returns [targetLength]
 */
export function alignContrast(
  pairs: readonly Pair[],
  targetLength: number,
  contrastLength: number,
  start = 0,
  end = targetLength,
): Int32Array {
  const aligned = new Int32Array(targetLength).fill(-1);
  const taken = new Set<number>();
  for (let at = start; at < end; at++) {
    const candidates = pairs.filter(([target]) => target === at).map(([, contrast]) => contrast);
    if (candidates.length === 0) continue;
    candidates.sort((a, b) => a - b);
    aligned[at] = candidates.find((candidate) => !taken.has(candidate)) ?? candidates[0];
    taken.add(aligned[at]);
  }
  for (let at = start; at < end; at++) {
    if (aligned[at] >= 0) continue;
    const fromRight = at + contrastLength - end;
    aligned[at] = fromRight >= 1 ? fromRight : contrastLength - 1;
  }
  return aligned;
}
