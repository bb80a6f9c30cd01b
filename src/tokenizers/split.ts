/** What becomes of the matches of a pattern when a text is split at them. */
export type SplitBehavior = 'removed' | 'isolated' | 'merged-with-previous' | 'merged-with-next' | 'contiguous';

type Range = [from: number, to: number];

/**
 * Splits a text at the matches of a pattern, as `tokenizers` (Rust) does. Empty pieces are left out.
 * @param invert - what lies between the matches is what counts as matched
 */
export function split(text: string, pattern: RegExp, behavior: SplitBehavior, invert = false): Range[] {
  const pieces: { range: Range; match: boolean }[] = [];
  const add = (from: number, to: number, match: boolean): void => {
    if (to > from) pieces.push({ range: [from, to], match: match !== invert });
  };
  let end = 0;
  for (const { index, 0: matched } of text.matchAll(pattern)) {
    add(end, index, false);
    add(index, index + matched.length, true);
    end = index + matched.length;
  }
  add(end, text.length, false);

  switch (behavior) {
    case 'isolated':
      return pieces.map(({ range }) => range);
    case 'removed':
      return pieces.filter(({ match }) => !match).map(({ range }) => range);
    case 'contiguous':
      return merge(pieces, (previous, next) => previous.match === next.match);
    case 'merged-with-previous':
      return merge(pieces, (previous, next) => next.match && !previous.match);
    case 'merged-with-next':
      return merge(pieces, (previous, next) => previous.match && !next.match);
  }
}

interface Piece {
  range: Range;
  match: boolean;
}

/** Joins neighbours for which `joins` holds. */
function merge(pieces: readonly Piece[], joins: (previous: Piece, next: Piece) => boolean): Range[] {
  const ranges: Range[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && joins(pieces[index - 1], piece)) ranges[ranges.length - 1][1] = piece.range[1];
    else ranges.push([...piece.range]);
  }
  return ranges;
}
