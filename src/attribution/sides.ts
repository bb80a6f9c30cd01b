/** What belongs to the encoder's input and what to the decoder's. */

/** The two sides of a sequence's scores. */
export interface Sides<T> {
  source: T;
  target: T;
}
