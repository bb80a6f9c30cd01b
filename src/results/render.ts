/** A result in the forms that are made when they are asked for, piece by piece, so that large ones need not be held whole. */

import type { ContextResult } from '../contract/attribute-context-result.ts';
import type { EvaluateResult } from '../contract/evaluate.ts';
import type { JobResult } from '../contract/job-kinds.ts';
import type { Result } from '../contract/result.ts';
import { contextDatasetLines, contextLines } from './context-csv.ts';
import { toContextText } from './context-text.ts';
import { csvLines, datasetLines } from './csv.ts';
import { evaluationLines, evaluationText } from './evaluation-table.ts';
import { toFragment, toHeatmap } from './heatmap.ts';
import { toText } from './text.ts';

const RENDERED_FORMATS = ['csv', 'text', 'html', 'embed'] as const;
type RenderedFormat = (typeof RENDERED_FORMATS)[number];

export interface RenderOptions {
  format: RenderedFormat;
  /** Characters of a line of `text`; wider tables are cut into blocks. Null: no limit. */
  width: number | null;
  /** `csv`: only the rows, in the columns of a data set; whose line they are of. */
  lineOf?: { customId: string | null };
}

/** The most cells, one for each attributed and generated token, of forms that are made as a whole; rows have no limit. */
const MOST_CELLS = { text: 4_000_000, html: 1_000_000, embed: 1_000_000 };

/** A result is beyond what a form can hold; the message has the numbers and the remedy. */
export class TooLargeError extends Error {}

/** About as many characters make a piece. */
const PIECE_CHARACTERS = 64 * 1024;

/**
 * The text in pieces.
 * @throws {TooLargeError} before the first piece
 */
export function* render(result: JobResult, options: RenderOptions): Generator<string> {
  let piece = '';
  for (const part of partsOf(result, options)) {
    piece += part;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function partsOf(result: JobResult, options: RenderOptions): Iterable<string> {
  if (!('kind' in result)) return parts(result, options);
  return result.kind === 'evaluate' ? evaluationParts(result, options) : contextParts(result, options);
}

/** Of a comparison of methods, which has no page. */
function evaluationParts(result: EvaluateResult, { format }: RenderOptions): Iterable<string> {
  if (format === 'csv') return evaluationLines(result);
  if (format === 'text') return slices(evaluationText(result));
  throw new Error(`an evaluation has no form "${format}"`);
}

function parts(result: Result, { format, width, lineOf }: RenderOptions): Iterable<string> {
  switch (format) {
    case 'csv':
      return lineOf === undefined ? csvLines(result) : datasetLines(result, lineOf.customId);
    case 'text':
      checkCells(result, 'text');
      return slices(toText(result, { width }));
    case 'html':
      checkCells(result, 'html');
      return slices(toHeatmap(result));
    case 'embed':
      checkCells(result, 'embed');
      return slices(toFragment(result));
  }
}

/** Of a result about a context. */
function contextParts(result: ContextResult, { format, lineOf }: RenderOptions): Iterable<string> {
  if (format === 'csv')
    return lineOf === undefined ? contextLines(result) : contextDatasetLines(result, lineOf.customId);
  if (format === 'text') return slices(toContextText(result));
  checkContextCells(result, format);
  return slices(format === 'html' ? toHeatmap(result) : toFragment(result));
}

function checkContextCells({ sources, context }: ContextResult, format: 'html' | 'embed'): void {
  const units = (sources?.units.length ?? 0) * (sources?.citations.length ?? 0);
  const tokens = (context?.input_context_tokens?.length ?? 0) + (context?.output_context_tokens?.length ?? 0);
  const cells = units + tokens * (context?.output_current_tokens.length ?? 0);
  if (cells <= MOST_CELLS[format]) return;
  throw new TooLargeError(
    `The result has ${cells} pairs of units and parts of the answer, and ${format} shows at most ${MOST_CELLS[format]}: ` +
      'take `format=csv` or `format=json`, or larger units.',
  );
}

function checkCells({ sequences }: Result, format: keyof typeof MOST_CELLS): void {
  const cells = sequences.reduce((sum, { source, target, attr_pos_start: start, attr_pos_end: end }) => {
    return sum + (source.length + target.length) * (end - start);
  }, 0);
  if (cells <= MOST_CELLS[format]) return;
  throw new TooLargeError(
    `The result has ${cells} pairs of tokens, and ${format} shows at most ${MOST_CELLS[format]}: take \`format=csv\` or ` +
      '`format=json`, or attribute fewer tokens by attr_pos_start and attr_pos_end.',
  );
}

/** A long text in pieces; none ends within a surrogate pair. */
function* slices(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + PIECE_CHARACTERS, text.length);
    if (end < text.length && text.codePointAt(end - 1) !== text.charCodeAt(end - 1)) end++;
    yield text.slice(start, end);
    start = end;
  }
}
