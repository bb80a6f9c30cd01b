/** A result as CSV (RFC 4180): one row for each score, so that data frames and spreadsheets can group and filter. */

import type { Result, ResultSequence, ResultToken, Scores } from '../contract/result.ts';

const COLUMNS = [
  'sequence',
  'kind',
  'name',
  'token_index',
  'token_id',
  'token',
  'generated_index',
  'generated_id',
  'generated',
];

/** Between a row's `kind` and its value: tokens that it is about, and units of further axes. */
export type Cell = string | number | null;

/**
 * Columns: `sequence` (index of the text), `kind` and `name` of the score, the attributed token (`token_*`), the
 * generated one (`generated_*`; for encoder self-attention the source token that looks), for contrastive requests the token
 * that it was compared with (`contrast`), one column for each further axis of raw scores, `value`. What does not apply has no
 * row. A column of a span of generated tokens has the span's first token as its `generated_index`, -1 as `generated_id` and
 * its text as `generated`; `target_span` rows have the span's score. The `name` of a `top_alternative` is its rank, and its token is one that the model might have said. A text that failed
 * has one row of the kind `error`, named by its code, with the message in a last column, `error`, which there is only then.
 * Text that a spreadsheet would run as a formula has an apostrophe in front.
 */
export function* csvLines(result: Result): Generator<string> {
  const axes = axesOf(result);
  const contrasts = result.sequences.some(({ target }) => target.some(({ contrast }) => contrast !== undefined));
  const errors = result.sequences.some(({ error }) => error !== undefined);
  const columns = [...COLUMNS, ...(contrasts ? ['contrast'] : []), ...axes, 'value', ...(errors ? ['error'] : [])];
  yield line(columns);
  for (const [index, sequence] of result.sequences.entries()) {
    const { error } = sequence;
    if (error !== undefined) {
      const about: Cell[] = [index, 'error', error.code];
      yield line([...about, ...pad([], columns.length - about.length - 1), error.message]);
    }
    for (const cells of rowsOf(sequence, { extraAxes: axes.length, contrasts })) {
      yield line([index, ...cells, ...(errors ? [null] : [])]);
    }
  }
}

const DATASET_COLUMNS = ['custom_id', ...COLUMNS, 'contrast', 'unit', 'value', 'error'];

/** The first line of a data set's CSV. */
export const datasetHeader = (): string => line(DATASET_COLUMNS);

/**
 * The rows of one line of a data set. All data sets have the same columns, as what comes later is not known at the header:
 * `unit` has the places along the further axes of raw scores, joined by slashes.
 */
export function* datasetLines(result: Result, customId: string | null): Generator<string> {
  for (const [index, sequence] of result.sequences.entries()) {
    if (sequence.error !== undefined) yield datasetEnd(customId, 'error', sequence.error, index);
    for (const cells of rowsOf(sequence, { extraAxes: 'joined', contrasts: true })) {
      yield line([customId, index, ...cells, null]);
    }
  }
}

/** The row of a line that has no result. @param kind - `error` or `canceled` */
export function datasetEnd(
  customId: string | null,
  kind: 'error' | 'canceled',
  error: { code: string; message: string } | null,
  index: number | null = null,
): string {
  const about: Cell[] = [customId, index, kind, error?.code ?? null];
  return line([...about, ...pad([], DATASET_COLUMNS.length - about.length - 1), error?.message ?? null]);
}

/** The lines as one text. */
export function toCsv(result: Result): string {
  return [...csvLines(result)].join('');
}

/** Names of the axes after [token, step], the longest list of any sequence. */
function axesOf({ sequences }: Result): string[] {
  let longest: string[] = [];
  for (const sequence of sequences) {
    const depths = matricesOf(sequence).map(({ scores }) => depth(scores) - 2);
    const names = Array.from({ length: Math.max(0, ...depths) }, (_, i) => sequence.axes?.[i] ?? `axis_${i + 2}`);
    if (names.length > longest.length) longest = names;
  }
  return longest;
}

function depth(scores: Scores): number {
  return Array.isArray(scores) ? 1 + depth(scores[0] ?? null) : 0;
}

interface Matrix {
  kind: string;
  name: string;
  scores: Scores[][];
  rows: ResultToken[];
  columns: Column[];
}

/** What a column is of: a token, or a span of them under its text, and where on its side. */
interface Column {
  token: Pick<ResultToken, 'id' | 'token' | 'contrast'>;
  index: number;
}

const columnsOf = (tokens: readonly ResultToken[], first: number): Column[] =>
  tokens.map((token, at) => ({ token, index: first + at }));

/** What attributions have their columns of. */
function outputsOf({ target, attr_pos_start: start, attr_pos_end: end, target_spans }: ResultSequence): Column[] {
  return (
    target_spans?.map((span) => ({ token: { id: -1, token: span.text }, index: span.attr_pos_start })) ??
    columnsOf(target.slice(start, end), start)
  );
}

function matricesOf(sequence: ResultSequence): Matrix[] {
  const { source, target } = sequence;
  const outputs = outputsOf(sequence);
  const matrices: Matrix[] = [];
  const add = (kind: string, name: string, scores: Scores[][] | null, rows: ResultToken[], columns = outputs) => {
    if (scores !== null) matrices.push({ kind, name, scores, rows, columns });
  };
  add('attribution', 'source', sequence.source_attributions, source);
  add('attribution', 'target', sequence.target_attributions, target);
  for (const [name, scores] of Object.entries(sequence.sequence_scores)) {
    if (name.startsWith('encoder')) add('sequence_score', name, scores, source, columnsOf(source, 0));
    else add('sequence_score', name, scores, name.startsWith('decoder') ? target : source);
  }
  return matrices;
}

interface Layout {
  /** Columns of further axes, or one that joins them. */
  extraAxes: number | 'joined';
  /** Whether there is a column of contrast tokens. */
  contrasts: boolean;
}

function* rowsOf(sequence: ResultSequence, { extraAxes, contrasts }: Layout): Generator<Cell[]> {
  const generated = (token: Column['token'] | undefined, index: number): Cell[] => [
    ...tokenCells(token, index),
    ...(contrasts ? [token?.contrast?.token ?? null] : []),
  ];
  for (const { kind, name, scores, rows, columns } of matricesOf(sequence)) {
    for (const [i, row] of scores.entries()) {
      for (const [t, cell] of row.entries()) {
        const about = [kind, name, ...tokenCells(rows[i], i), ...generated(columns[t].token, columns[t].index)];
        for (const { units, value } of leaves(cell)) yield [...about, ...unitCells(units, extraAxes), value];
      }
    }
  }
  for (const [t, likely] of (sequence.top_alternatives ?? []).entries()) {
    const at = sequence.attr_pos_start + t;
    for (const [rank, { id, token, probability }] of likely.entries()) {
      const about = ['top_alternative', rank + 1, null, id, token, ...generated(sequence.target[at], at)];
      yield [...about, ...unitCells([], extraAxes), probability];
    }
  }
  const outputs = outputsOf(sequence);
  const { convergence_delta: deltas, target_spans: spans } = sequence;
  const steps = columnsOf(sequence.target.slice(sequence.attr_pos_start), sequence.attr_pos_start);
  const lists = Object.entries(sequence.step_scores).map(([name, values]) => ({
    kind: 'step_score',
    name,
    values,
    columns: steps,
  }));
  if (deltas !== null) lists.push({ kind: 'convergence_delta', name: '', values: deltas, columns: outputs });
  if (spans !== undefined) {
    lists.push({ kind: 'target_span', name: 'score', values: spans.map(({ score }) => score), columns: outputs });
  }
  for (const { kind, name, values, columns } of lists) {
    for (const [t, value] of values.entries()) {
      const about = [kind, name, null, null, null, ...generated(columns[t].token, columns[t].index)];
      if (value !== null) yield [...about, ...unitCells([], extraAxes), value];
    }
  }
}

function tokenCells(token: Column['token'] | undefined, index: number): Cell[] {
  return [index, token?.id ?? null, token?.token ?? null];
}

/** The numbers within a cell, with their places along the further axes. */
function* leaves(scores: Scores, units: number[] = []): Generator<{ units: number[]; value: number }> {
  if (scores === null) return;
  if (typeof scores === 'number') yield { units, value: scores };
  else for (const [unit, inner] of scores.entries()) yield* leaves(inner, [...units, unit]);
}

function unitCells(units: number[], columns: Layout['extraAxes']): Cell[] {
  return columns === 'joined' ? [units.length > 0 ? units.join('/') : null] : pad(units, columns);
}

function pad(units: number[], length: number): Cell[] {
  return Array.from({ length }, (_, i) => units[i] ?? null);
}

export const line = (cells: Cell[]): string => `${cells.map(field).join(',')}\r\n`;

function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
