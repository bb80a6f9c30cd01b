/** What a reader has chosen: a generated unit, what counted for it, or both; by tokens, so that it outlives a change of units. */

import type { Focus } from './headline.ts';
import type { Matrix } from './matrix.ts';
import type { Side } from './units.ts';

export interface Selection {
  /** A token of the answer whose sources are looked at. */
  column: number | null;
  /** A token whose effects are looked at. */
  row: { side: Side; token: number } | null;
}

/** `t5` for a column, `s3` (source) or `p2` (target) for a row, `t5,s3` for a cell; empty for nothing. */
export function formatSelection(selection: Selection | null): string {
  if (selection === null) return '';
  const { column, row } = selection;
  const parts = [
    column === null ? '' : `t${column}`,
    row === null ? '' : `${row.side === 'source' ? 's' : 'p'}${row.token}`,
  ];
  return parts.filter((part) => part !== '').join(',');
}

/** The selection that `formatSelection` wrote; null for anything else. */
export function parseSelection(text: string): Selection | null {
  const match = /^(?:t(\d{1,6}))?(?:(?:^|(?<=\d),)([sp])(\d{1,6}))?$/.exec(text);
  if (match === null || text === '') return null;
  const [, column, side, token] = match;
  return {
    column: column === undefined ? null : Number(column),
    row: side === undefined ? null : { side: side === 's' ? 'source' : 'target', token: Number(token) },
  };
}

/** The row and the column of a matrix that a selection means; null where it means none. */
export function focusOf({ rows, columns }: Matrix, selection: Selection | null): Focus {
  const holds = (unit: { from: number; to: number }, token: number) => unit.from <= token && token < unit.to;
  const { column = null, row = null } = selection ?? {};
  const at = (index: number) => (index < 0 ? null : index);
  return {
    column: column === null ? null : at(columns.findIndex((unit) => holds(unit, column))),
    row: row === null ? null : at(rows.findIndex(({ unit }) => unit.side === row.side && holds(unit, row.token))),
  };
}

/** The selection of a cell. */
export function cellSelection({ rows, columns }: Matrix, row: number, column: number): Selection {
  const { side, from } = rows[row].unit;
  return { column: columns[column].from, row: { side, token: from } };
}
