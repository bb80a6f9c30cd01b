/** Parts of an answer that get sources: its sentences, and spans that a request names. */

/** A part of the answer: its characters, and the answer's tokens that it has. */
export interface Part {
  start: number;
  end: number;
  tokens: number[];
}

/** The sum of the values of some tokens. */
export function sumOver(values: ArrayLike<number>, tokens: readonly number[]): number {
  return tokens.reduce((sum, k) => sum + values[k], 0);
}
