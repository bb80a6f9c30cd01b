/** Pairs of values, one for the encoder's input (source) and one for the decoder's (target). */

export interface Sides<T> {
  source: T;
  target: T;
}

export type Side = keyof Sides<unknown>;

/** Applies a function to both sides. */
export function mapSides<T, Result>(sides: Sides<T>, map: (value: T, side: Side) => Result): Sides<Result> {
  return { source: map(sides.source, 'source'), target: map(sides.target, 'target') };
}
