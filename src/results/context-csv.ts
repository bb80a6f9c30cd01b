/** A result about a context as CSV (RFC 4180): one row for each score. */

import type { ContextReliance, ContextResult, Sources } from '../contract/attribute-context-result.ts';
import { type Cell, line } from './csv.ts';

const COLUMNS = ['kind', 'source_index', 'document_id', 'start', 'end', 'source', 'answer_index', 'answer', 'value'];

/**
 * Columns: `kind` of the score, what it is of (`source_index`, for units of documents with `document_id` and their
 * characters `start` to `end`, `source` the text or token), the part of the answer that it is for (`answer_index`,
 * `answer`), `value`. Kinds: `unit` (of a citation), `support`, `context_sensitivity` (of a token), `input_context` and
 * `output_context` (cues).
 */
export function* contextLines({ context, sources }: ContextResult): Generator<string> {
  yield line(COLUMNS);
  if (sources !== null) for (const cells of rowsOfSources(sources)) yield line(cells);
  if (context !== null) for (const cells of rowsOfContext(context)) yield line(cells);
}

const DATASET_COLUMNS = ['custom_id', ...COLUMNS, 'error'];

/** The first line of a data set's CSV. */
export const contextDatasetHeader = (): string => line(DATASET_COLUMNS);

/** The rows of one line of a data set. */
export function* contextDatasetLines({ context, sources }: ContextResult, customId: string | null): Generator<string> {
  if (sources !== null) for (const cells of rowsOfSources(sources)) yield line([customId, ...cells, null]);
  if (context !== null) for (const cells of rowsOfContext(context)) yield line([customId, ...cells, null]);
}

/** The row of a line that has no result. @param kind - `error` or `canceled` */
export function contextDatasetEnd(
  customId: string | null,
  kind: 'error' | 'canceled',
  error: { message: string } | null,
): string {
  return line([customId, kind, ...COLUMNS.slice(1).map(() => null), error?.message ?? null]);
}

function* rowsOfSources({ units, citations, scores }: Sources): Generator<Cell[]> {
  for (const [u, { document_id, start, end, text }] of units.entries()) {
    for (const [c, citation] of citations.entries()) {
      const value = scores[u][c];
      if (value !== null) yield ['unit', u, document_id, start, end, text, c, citation.text, value];
    }
  }
  for (const [c, { text, support }] of citations.entries()) {
    if (support !== null) yield ['support', null, null, null, null, null, c, text, support];
  }
}

function* rowsOfContext(context: ContextReliance): Generator<Cell[]> {
  const { output_current_tokens: answer, cti_scores: metric } = context;
  for (const [t, value] of metric.entries()) {
    if (value !== null) yield ['context_sensitivity', null, null, null, null, null, t, answer[t], value];
  }
  for (const cue of context.cci_scores) {
    for (const side of ['input_context', 'output_context'] as const) {
      const tokens = context[`${side}_tokens`] ?? [];
      for (const [i, value] of (cue[`${side}_scores`] ?? []).entries()) {
        if (value !== null) yield [side, i, null, null, null, tokens[i], cue.cti_idx, cue.cti_token, value];
      }
    }
  }
}
