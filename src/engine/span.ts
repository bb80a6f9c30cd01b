/** Which target positions a request attributes. */

import { AttributionError } from '../attribution/errors.ts';

/**
 * The attributed positions [start, end) of a target of `length` tokens.
 * @param start - as requested: negative counts from the end, null is `first`; raised to `first` where smaller
 * @param end - as requested, exclusive; null: the end of the target
 * @param first - the first position that can be attributed: after the prompt, or after the decoder's start token
 * @throws {AttributionError} when nothing is left between them.
 */
export function attributedSpan(
  start: number | null,
  end: number | null,
  first: number,
  length: number,
): { start: number; end: number } {
  const fromStart = (position: number): number => (position < 0 ? length + position : position);
  const from = Math.max(first, fromStart(start ?? first));
  const to = Math.min(length, fromStart(end ?? length));
  if (first >= length) {
    throw new AttributionError(
      'nothing_generated',
      `the generated text adds no token to its prompt (${length} tokens); give a longer text or let the model generate`,
      '#/generated_texts',
    );
  }
  if (from >= to) {
    throw new AttributionError(
      'empty_span',
      `attr_pos_start ${start ?? 'null'} and attr_pos_end ${end ?? 'null'} select no token: of ${length} target tokens, positions ${first} to ${length - 1} can be attributed`,
      '#/attr_pos_end',
    );
  }
  return { start: from, end: to };
}
