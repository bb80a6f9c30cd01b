/** How alike two attributions of the same tokens order them. */

import type { Matrix } from './matrix.ts';

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
  /** Of all cells that both have; null: the two cannot be compared cell by cell. */
  all: number | null;
  /** Of each column. */
  columns: (number | null)[];
}

/** Rank correlation of the cells of two matrices of the same units; null where their texts are not the same. */
export function agreement(a: Matrix, b: Matrix): Agreement | null {
  const key = ({ unit }: Matrix['rows'][number]) => `${unit.side} ${unit.from} ${unit.text}`;
  const same = (x: Matrix['columns'], y: Matrix['columns']) =>
    x.length === y.length && x.every(({ from, text }, i) => from === y[i].from && text === y[i].text);
  if (!same(a.columns, b.columns)) return null;
  const rowsOfB = new Map(b.rows.map((row, i) => [key(row), i]));
  const shared = a.rows.flatMap((row, i): [number, number][] => {
    const j = rowsOfB.get(key(row));
    return j === undefined ? [] : [[i, j]];
  });
  if (shared.length === 0) return null;
  const width = a.columns.length;
  const pick = (matrix: Matrix, side: 0 | 1, columns: number[]) =>
    shared.flatMap((pair) => columns.map((column) => matrix.values[pair[side] * width + column]));
  const of = (columns: number[]) => rankCorrelation(pick(a, 0, columns), pick(b, 1, columns));
  const all = a.columns.map((_, column) => column);
  return { all: of(all), columns: all.map((column) => of([column])) };
}
