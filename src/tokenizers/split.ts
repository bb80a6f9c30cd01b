/** Splits a text at the matches of a pattern, as `tokenizers` (Rust) does. */

import type { Pattern, Range } from './patterns.ts';

/** What becomes of the matches of a pattern when a text is split at them. */
export type SplitBehavior = 'removed' | 'isolated' | 'merged-with-previous' | 'merged-with-next' | 'contiguous';

interface Piece {
  range: [from: number, to: number];
  isMatch: boolean;
}

/**
 * Ranges of the pieces; empty ones are left out.
 * @param invert - what lies between the matches is what counts as matched
 */
export function split(text: string, pattern: Pattern, behavior: SplitBehavior, invert = false): Range[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const [start, stop] of pattern(text)) {
    if (start > end) pieces.push({ range: [end, start], isMatch: invert });
    // Empty matches stay for now: they part what would be merged.
    pieces.push({ range: [start, stop], isMatch: !invert });
    end = stop;
  }
  if (end < text.length) pieces.push({ range: [end, text.length], isMatch: invert });
  return join(pieces, behavior).filter(([from, to]) => to > from);
}

function join(pieces: readonly Piece[], behavior: SplitBehavior): Range[] {
  switch (behavior) {
    case 'isolated':
      return pieces.map(({ range }) => range);
    case 'removed':
      return pieces.filter(({ isMatch }) => !isMatch).map(({ range }) => range);
    case 'contiguous':
      return merge(pieces, (previous, next) => previous.isMatch === next.isMatch);
    case 'merged-with-previous':
      return merge(pieces, (previous, next) => next.isMatch && !previous.isMatch);
    case 'merged-with-next':
      return merge(pieces, (previous, next) => previous.isMatch && !next.isMatch);
  }
}

/** Joins neighbors for which `joins` holds. */
function merge(pieces: readonly Piece[], joins: (previous: Piece, next: Piece) => boolean): Range[] {
  const ranges: Piece['range'][] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && joins(pieces[index - 1], piece)) ranges[ranges.length - 1][1] = piece.range[1];
    else ranges.push([...piece.range]);
  }
  return ranges;
}
