/** The scores of a sequence as one matrix: what counted down, what was generated across, both in the chosen units. */

import type { ResultSequence, Scores } from '../../contract/result.ts';
import { type Scale, scaleOf } from './scale.ts';
import { numberOf } from './scores.ts';
import { type Granularity, type Side, type Unit, unitsOf } from './units.ts';

/** The heading of what an encoder reads. */
export const SOURCE = 'Source';

interface Row {
  unit: Unit;
  /** Heading of the rows among which it stands. */
  group: string;
}

/** `values[row * columns.length + column]`; NaN where a row does not come before the column. */
export interface Matrix {
  rows: Row[];
  columns: Unit[];
  values: Float64Array;
}

export interface MatrixOptions {
  granularity: Granularity;
  /** Each column as shares of its total size, in place of scores as they are. */
  shares: boolean;
}

/**
 * Rows are summed over their tokens, columns averaged over theirs, so that shares stay shares. What belongs to the same
 * unit as the column is left out: a word does not come from itself.
 */
export function matrixOf(sequence: ResultSequence, { granularity, shares }: MatrixOptions): Matrix {
  const units = unitsOf(sequence, granularity);
  const { attr_pos_start: start, attr_pos_end: end } = sequence;
  const columns = units.target.filter(({ from, to }) => from >= start && to <= end);
  const before = sequence.source.length > 0 ? 'Target start' : 'Prompt';
  const candidates: Row[] = [
    ...(sequence.source_attributions === null ? [] : units.source.map((unit): Row => ({ unit, group: SOURCE }))),
    ...(sequence.target_attributions === null
      ? []
      : units.target.map((unit): Row => ({ unit, group: unit.from < start ? before : 'Generated before' }))),
  ];
  const singles = singleScores(sequence);
  const rows: Row[] = [];
  const kept: Float64Array[] = [];
  for (const row of candidates) {
    const values = Float64Array.from(columns, (column) => cellOf(row.unit, column, singles, start));
    if (!values.some((value) => !Number.isNaN(value))) continue;
    rows.push(row);
    kept.push(values);
  }
  const values = new Float64Array(rows.length * columns.length);
  kept.forEach((line, at) => {
    values.set(line, at * columns.length);
  });
  const matrix = { rows, columns, values };
  return shares ? asShares(matrix) : matrix;
}

/** One number for each token and step, `[token][step]`. */
type Singles = Record<Side, Float64Array[]>;

const KNOWN = new WeakMap<ResultSequence, Singles>();

function singleScores(sequence: ResultSequence): Singles {
  const known = KNOWN.get(sequence);
  if (known !== undefined) return known;
  const of = (scores: Scores[][] | null) => (scores ?? []).map((row) => Float64Array.from(row, numberOf));
  const singles = { source: of(sequence.source_attributions), target: of(sequence.target_attributions) };
  KNOWN.set(sequence, singles);
  return singles;
}

function cellOf(row: Unit, column: Unit, singles: Singles, start: number): number {
  if (row.side === 'target' && row.to > column.from) return Number.NaN;
  let total = 0;
  let steps = 0;
  for (let step = column.from - start; step < column.to - start; step++) {
    let sum = 0;
    let found = false;
    for (let token = row.from; token < row.to; token++) {
      const value = singles[row.side][token]?.[step] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      found = true;
    }
    if (!found) continue;
    total += sum;
    steps++;
  }
  return steps === 0 ? Number.NaN : total / steps;
}

/** Each column divided by its total size. */
export function asShares({ rows, columns, values }: Matrix): Matrix {
  const width = columns.length;
  const totals = columnTotals({ rows, columns, values });
  const shares = values.map((value, at) => (totals[at % width] > 0 ? value / totals[at % width] : value));
  return { rows, columns, values: shares };
}

const TOTALS = new WeakMap<Matrix, Float64Array>();

/** The sum of sizes of each column. */
export function columnTotals(matrix: Matrix): Float64Array {
  const known = TOTALS.get(matrix);
  if (known !== undefined) return known;
  const { columns, values } = matrix;
  const totals = new Float64Array(columns.length);
  for (let at = 0; at < values.length; at++) {
    if (!Number.isNaN(values[at])) totals[at % columns.length] += Math.abs(values[at]);
  }
  TOTALS.set(matrix, totals);
  return totals;
}

const SCALES = new WeakMap<Matrix, Scale>();

/** The scale of all its values. */
export function scaleOfMatrix(matrix: Matrix): Scale {
  const scale = SCALES.get(matrix) ?? scaleOf(matrix.values);
  SCALES.set(matrix, scale);
  return scale;
}

/** The scores of one column, in the order of the rows. */
export function columnOf({ rows, columns, values }: Matrix, column: number): Float64Array {
  return Float64Array.from(rows, (_, row) => values[row * columns.length + column]);
}

/** The scores of one row. */
export function rowOf({ columns, values }: Matrix, row: number): Float64Array {
  return values.slice(row * columns.length, (row + 1) * columns.length);
}

/** The matrix without the rows none of whose scores reaches a share of the strongest of its column's total. */
export function withoutFaintRows(matrix: Matrix, least: number): Matrix {
  const totals = columnTotals(matrix);
  const width = matrix.columns.length;
  const kept = matrix.rows
    .map((_, row) => row)
    .filter((row) => {
      return rowOf(matrix, row).some(
        (value, column) => Math.abs(value) >= least * totals[column] && totals[column] > 0,
      );
    });
  const values = new Float64Array(kept.length * width);
  kept.forEach((row, at) => {
    values.set(rowOf(matrix, row), at * width);
  });
  return { rows: kept.map((row) => matrix.rows[row]), columns: matrix.columns, values };
}

/** The value below which a share of all sizes lies: a few outliers need not make the rest pale. */
export function quantile(values: Float64Array, share: number): number {
  const sizes = values
    .filter((value) => !Number.isNaN(value))
    .map(Math.abs)
    .sort();
  return sizes.length === 0 ? 0 : sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))];
}
