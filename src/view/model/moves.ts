/** From cell to cell of a matrix by arrow keys. */

import type { Matrix } from './matrix.ts';

const MOVES: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The next cell with a value in the direction of a key, as an index of `values`; null: there is none. */
export function moved({ rows, columns, values }: Matrix, from: number, key: string): number | null {
  const move = MOVES[key];
  if (move === undefined) return null;
  const width = columns.length;
  let row = Math.floor(from / width) + move[0];
  let column = (from % width) + move[1];
  for (; row >= 0 && row < rows.length && column >= 0 && column < width; row += move[0], column += move[1]) {
    if (!Number.isNaN(values[row * width + column])) return row * width + column;
  }
  return null;
}

/** The first cell with a value; null where there is none. */
export function firstCell({ values }: Matrix): number | null {
  const at = values.findIndex((value) => !Number.isNaN(value));
  return at < 0 ? null : at;
}
