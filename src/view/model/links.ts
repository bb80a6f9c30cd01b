/** Which inputs counted most for which outputs: the strongest links of a matrix, with their shares. */

import { columnOf, columnTotals, type Matrix, rowOf } from './matrix.ts';
import { isWord } from './units.ts';

/** One cell. */
export interface Link {
  row: number;
  column: number;
  value: number;
  /** Of the total size of its column, 0 to 1. */
  share: number;
}

/** The strongest cells of a column, or of the generated words together (by their mean share), strongest first. */
export function sourcesOf(matrix: Matrix, column: number | null): Link[] {
  const totals = columnTotals(matrix);
  if (column !== null)
    return sorted(Array.from(columnOf(matrix, column), (value, row) => link(row, column, value, totals)));
  const counted = Array.from(totals, (_, at) => at).filter((at) => totals[at] > 0);
  const words = counted.filter((at) => isWord(matrix.columns[at]) && !matrix.columns[at].forced);
  const columns = words.length > 0 ? words : counted;
  const means = matrix.rows.map((_, row): Link => {
    const values = rowOf(matrix, row);
    let [share, value, count] = [0, 0, 0];
    for (const at of columns) {
      if (Number.isNaN(values[at])) continue;
      share += Math.abs(values[at]) / totals[at];
      value += values[at];
      count++;
    }
    return { row, column: -1, value: count > 0 ? value / count : Number.NaN, share: share / columns.length };
  });
  return sorted(means);
}

/** The columns for which a row counted most, strongest first. */
export function targetsOf(matrix: Matrix, row: number): Link[] {
  const totals = columnTotals(matrix);
  return sorted(Array.from(rowOf(matrix, row), (value, column) => link(row, column, value, totals)));
}

function link(row: number, column: number, value: number, totals: Float64Array): Link {
  return { row, column, value, share: totals[column] > 0 ? Math.abs(value) / totals[column] : 0 };
}

function sorted(links: Link[]): Link[] {
  return links.filter(({ value }) => !Number.isNaN(value)).sort((a, b) => b.share - a.share);
}
