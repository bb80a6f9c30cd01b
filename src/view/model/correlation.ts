/** How alike two attributions of the same tokens order them. */

import type { Matrix } from './matrix.ts';
import type { Unit } from './units.ts';

/**
 * Spearman's rank correlation, ties at their mean rank; null where fewer than two pairs have values, or one side is
 * constant.
 */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const pairs: [number, number][] = [];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (!Number.isNaN(a[i]) && !Number.isNaN(b[i])) pairs.push([a[i], b[i]]);
  }
  if (pairs.length < 2) return null;
  return pearson(ranks(pairs.map(([x]) => x)), ranks(pairs.map(([, y]) => y)));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) result[order[at]] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

function pearson(x: readonly number[], y: readonly number[]): number | null {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
    yy += (y[i] - my) ** 2;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

export interface Agreement {
  /** Of all cells that both have; null: there are too few. */
  all: number | null;
  /** Of each column of the first; null where the second has none like it. */
  columns: (number | null)[];
}

/** Rank correlation of the cells that two matrices share, by the places and texts of their units; null: they share none. */
export function agreement(a: Matrix, b: Matrix): Agreement | null {
  const rows = shared(
    a.rows.map(({ unit }) => unit),
    b.rows.map(({ unit }) => unit),
  );
  const columns = shared(a.columns, b.columns);
  if (rows.length === 0 || columns.length === 0) return null;
  const values = ({ values: all, columns: { length } }: Matrix, side: 0 | 1, of: [number, number][]) =>
    rows.flatMap((row) => of.map((column) => all[row[side] * length + column[side]]));
  const correlate = (of: [number, number][]) => rankCorrelation(values(a, 0, of), values(b, 1, of));
  const own = new Map(columns);
  return {
    all: correlate(columns),
    columns: a.columns.map((_, i) => {
      const j = own.get(i);
      return j === undefined ? null : correlate([[i, j]]);
    }),
  };
}

/** Indices of the units that both lists have. */
function shared(a: readonly Unit[], b: readonly Unit[]): [number, number][] {
  const key = ({ side, from, text }: Unit) => `${side} ${from} ${text}`;
  const places = new Map(b.map((unit, j) => [key(unit), j]));
  return a.flatMap((unit, i): [number, number][] => {
    const j = places.get(key(unit));
    return j === undefined ? [] : [[i, j]];
  });
}
