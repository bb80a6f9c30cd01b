/** A result as plain text tables for a terminal: attributed tokens down, generated tokens across. */

import type { Result, ResultSequence, ResultToken, Scores } from '../contract/result.ts';
import { singleScore } from '../view/model/scores.ts';
import { spansAsTokens } from '../view/model/spans.ts';
import { tokenReader } from '../view/model/tokens.ts';

export interface TextOptions {
  /** Characters of a line; a table that is wider continues in blocks below. Null: no limit. */
  width?: number | null;
}

/** Rows of cells; the first cell of each is its name. */
type Row = string[];

/** Between the columns of a table. */
const GAP = '  ';

/**
 * One table for each text: the generated tokens, what they were compared with, the attributed tokens' scores, step scores.
 * Raw scores are shown as their norm over the further axes, and a line says so. Spans that are outputs are one token each.
 */
export function toText(result: Result, { width = null }: TextOptions = {}): string {
  return `${result.sequences.map((sequence, i) => table(spansAsTokens(sequence), i, width)).join('\n\n')}\n`;
}

function table(sequence: ResultSequence, index: number, width: number | null): string {
  const { source, target, attr_pos_start: start, attr_pos_end: end, error } = sequence;
  if (error !== undefined) return `text ${index + 1}\n\nfailed: ${error.message}`;
  const read = { source: readerOf(source), target: readerOf(target) };
  const generated = target.slice(start, end);
  const head: Row[] = [[`text ${index + 1}`, ...generated.map(read.target)]];
  if (generated.some(({ contrast }) => contrast !== undefined)) {
    head.push(['compared with', ...generated.map(({ contrast }) => (contrast ? read.target(contrast) : ''))]);
  }
  const scores: Row[] = [];
  const add = (tokens: ResultToken[], matrix: Scores[][] | null, name: (token: ResultToken) => string): void => {
    matrix?.forEach((values, i) => {
      const numbers = values.map(singleScore);
      if (numbers.some((value) => value !== null)) scores.push([name(tokens[i]), ...numbers.map(number)]);
    });
  };
  add(source, sequence.source_attributions, read.source);
  add(target, sequence.target_attributions, (token) => `${source.length > 0 ? '→ ' : ''}${read.target(token)}`);
  const steps = Object.entries(sequence.step_scores).map(([name, values]): Row => [name, ...values.map(number)]);
  if (sequence.convergence_delta !== null) {
    steps.push(['convergence_delta', ...sequence.convergence_delta.map(number)]);
  }
  const ranks = Math.max(0, ...(sequence.top_alternatives ?? []).map(({ length }) => length));
  const alternatives = Array.from(
    { length: ranks },
    (_, rank): Row => [
      `likely ${rank + 1}`,
      ...(sequence.top_alternatives ?? []).map((step) => {
        const likely = step[rank];
        return likely === undefined ? '' : `${read.target(likely)} ${number(likely.probability)}`;
      }),
    ],
  );
  const notes = [metricLines(sequence), normNote(sequence)].filter((note) => note !== null);
  return [...blocks([[...head, ...scores], steps, alternatives], width), ...notes].join('\n\n');
}

/** Each metric beside that of a random ranking. */
function metricLines({ metrics }: ResultSequence): string | null {
  if (metrics === undefined) return null;
  const shown = (value: number | null): string => number(value) || '-';
  return metrics.values
    .map(({ name, value, random, better }) => `${name} ${shown(value)}, random ${shown(random)} (${better} is better)`)
    .join('\n');
}

/** What the cells of raw scores are. */
function normNote({ source_attributions, target_attributions, axes, layers }: ResultSequence): string | null {
  if (!Array.isArray((source_attributions ?? target_attributions)?.[0]?.[0])) return null;
  const over = axes === undefined ? 'the dimensions' : axes.map((axis) => `${axis}s`).join(' and ');
  const which = layers === undefined ? '' : ` (${layers.length} of them)`;
  return `Each number is the norm of the scores over ${over}${which}; format=json has them all.`;
}

function readerOf(tokens: readonly ResultToken[]): (token: { token: string }) => string {
  const read = tokenReader(tokens.map(({ token }) => token));
  return ({ token }) => read(token).text;
}

/** Three decimals; numbers that these would not show, in scientific notation. */
function number(value: number | null): string {
  if (value === null) return '';
  const tooSmallOrLarge = value !== 0 && (Math.abs(value) < 0.0005 || Math.abs(value) >= 1e5);
  return tooSmallOrLarge ? value.toExponential(1) : value.toFixed(3);
}

/**
 * Groups of rows under each other with a blank line between, in columns of equal width: names to the left, the others to
 * the right. Where lines would be longer than `width`, the remaining columns go to further blocks.
 */
function blocks(groups: readonly Row[][], width: number | null): string[] {
  const present = groups.filter((rows) => rows.length > 0);
  const rows = present.flat();
  const widths = rows[0].map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, lengthOf(row[column] ?? '')), 0),
  );
  return columnsOfBlocks(widths, width).map((columns) =>
    present.map((group) => group.map((row) => line(row, columns, widths)).join('\n')).join('\n\n'),
  );
}

/** Columns of each block; the names, column 0, stand in all of them, and at least one other. */
function columnsOfBlocks(widths: readonly number[], width: number | null): number[][] {
  const found: number[][] = [];
  let block = [0];
  let used = widths[0];
  for (let column = 1; column < widths.length; column++) {
    const wider = used + GAP.length + widths[column];
    if (width !== null && wider > width && block.length > 1) {
      found.push(block);
      block = [0];
      used = widths[0];
    }
    block.push(column);
    used += GAP.length + widths[column];
  }
  return [...found, block];
}

function line(row: Row, columns: readonly number[], widths: readonly number[]): string {
  const cells = columns.map((column) => {
    const cell = row[column] ?? '';
    const spaces = ' '.repeat(widths[column] - lengthOf(cell));
    return column === 0 ? cell + spaces : spaces + cell;
  });
  return cells.join(GAP).trimEnd();
}

const lengthOf = (text: string): number => [...text].length;
