/** A result as plain text tables for a terminal: attributed tokens down, generated tokens across. */

import type { Result, ResultSequence, ResultToken, Scores } from '../contract/result.ts';
import { tokenReader } from './heatmap/tokens.ts';
import { singleScore } from './scores.ts';

/** One table for each text, with step scores under it. Raw scores are shown as their norm over the further axes. */
export function toText(result: Result): string {
  return `${result.sequences.map((sequence, i) => table(sequence, i)).join('\n\n')}\n`;
}

function table(sequence: ResultSequence, index: number): string {
  const { source, target, attr_pos_start: start, attr_pos_end: end } = sequence;
  const read = { source: readerOf(source), target: readerOf(target) };
  const rows: string[][] = [[`text ${index + 1}`, ...target.slice(start, end).map((token) => read.target(token))]];
  const add = (tokens: ResultToken[], scores: Scores[][] | null, name: (token: ResultToken) => string): void => {
    scores?.forEach((values, i) => {
      const numbers = values.map(singleScore);
      if (numbers.some((value) => value !== null)) rows.push([name(tokens[i]), ...numbers.map(number)]);
    });
  };
  add(source, sequence.source_attributions, read.source);
  const targetName = (token: ResultToken): string => `${source.length > 0 ? '→ ' : ''}${read.target(token)}`;
  add(target, sequence.target_attributions, targetName);
  for (const [name, values] of Object.entries(sequence.step_scores)) rows.push([name, ...values.map(number)]);
  if (sequence.convergence_delta !== null) rows.push(['convergence_delta', ...sequence.convergence_delta.map(number)]);
  return aligned(rows);
}

function readerOf(tokens: readonly ResultToken[]): (token: ResultToken) => string {
  const read = tokenReader(tokens.map(({ token }) => token));
  return ({ token }) => read(token).text;
}

/** Three decimals; numbers that these would not show, in scientific notation. */
function number(value: number | null): string {
  if (value === null) return '';
  const tooSmallOrLarge = value !== 0 && (Math.abs(value) < 0.0005 || Math.abs(value) >= 1e5);
  return tooSmallOrLarge ? value.toExponential(1) : value.toFixed(3);
}

/** Columns of equal width: names to the left, the others to the right. */
function aligned(rows: readonly string[][]): string {
  const length = (text: string): number => [...text].length;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ''))));
  const pad = (cell: string, column: number): string => {
    const spaces = ' '.repeat(widths[column] - length(cell));
    return column === 0 ? cell + spaces : spaces + cell;
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}
