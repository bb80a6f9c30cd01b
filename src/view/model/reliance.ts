/** PECoRe's result as a sequence: tokens of the context down, context-sensitive tokens of the output across. */

import type { ContextReliance } from '../../contract/attribute-context-result.ts';
import type { ResultSequence, ResultToken } from '../../contract/result.ts';
import { aboutChosen, aboutMost, type Phrase, plain, quote } from './headline.ts';
import { type Matrix, matrixOf } from './matrix.ts';
import type { Subject } from './state.ts';
import { type Paragraph, paragraphOf } from './text.ts';
import { unitsOf } from './units.ts';

/** The context of the input is the source, that of the output stands in front of the output. */
export function sequenceOfReliance(context: ContextReliance): ResultSequence {
  const { output_current_tokens: current, cci_scores: cues } = context;
  const [input, before] = [context.input_context_tokens ?? [], context.output_context_tokens ?? []];
  const of = (side: 'input_context_scores' | 'output_context_scores', length: number): (number | null)[][] | null => {
    if (length === 0 || cues.every((cue) => cue[side] === null)) return null;
    return Array.from({ length }, (_, at) => {
      const row = new Array<number | null>(current.length).fill(null);
      for (const cue of cues) row[cue.cti_idx] = cue[side]?.[at] ?? null;
      return row;
    });
  };
  const target = [...before, ...current].map(tokenOf);
  const early = of('output_context_scores', before.length);
  return {
    source: input.map(tokenOf),
    target,
    attr_pos_start: before.length,
    attr_pos_end: target.length,
    source_attributions: of('input_context_scores', input.length),
    target_attributions: early === null ? null : [...early, ...current.map(() => current.map(() => null))],
    step_scores: { context_sensitivity: context.cti_scores },
    sequence_scores: {},
    convergence_delta: null,
  };
}

/** Inseq's form has no places in the text: all are the same, so that spaces are those of the tokens. */
const tokenOf = (token: string): ResultToken => ({ id: -1, token, start: 0, end: 0 });

/** @param sequence - as `sequenceOfReliance` gives it */
export function subjectOfReliance(sequence: ResultSequence): Subject {
  return {
    paragraphs: (granularity) => paragraphs(sequence, granularity),
    matrix: (options) => flagged(matrixOf(sequence, options)),
    headline(matrix, focus): Phrase[] {
      if (matrix.columns.length === 0) return [plain('No token of the answer depends on the context.')];
      if (focus.row !== null || focus.column !== null) return aboutChosen(matrix, focus);
      return [...aboutMost(matrix), ...sensitive(matrix)];
    },
  };
}

function paragraphs(sequence: ResultSequence, granularity: Parameters<Subject['paragraphs']>[0]): Paragraph[] {
  const { source, target } = unitsOf(sequence, granularity);
  const start = sequence.attr_pos_start;
  const before = target.filter(({ from }) => from < start);
  return [
    ...(source.length > 0 ? [paragraphOf('context', source)] : []),
    ...(before.length > 0 ? [paragraphOf('context of the output', before)] : []),
    paragraphOf('answer', target.slice(before.length)),
  ];
}

/** The columns of tokens that were flagged: of the others nothing was attributed. */
function flagged({ rows, columns, values }: Matrix): Matrix {
  const width = columns.length;
  const kept = columns.flatMap((_, c) => (rows.some((_, r) => !Number.isNaN(values[r * width + c])) ? [c] : []));
  return {
    rows: rows.map(({ unit }) => ({ unit, group: unit.side === 'source' ? 'Context' : 'Context of the output' })),
    columns: kept.map((c) => columns[c]),
    values: Float64Array.from(rows.flatMap((_, r) => kept.map((c) => values[r * width + c]))),
  };
}

function sensitive({ columns }: Matrix): Phrase[] {
  const more = columns.length;
  if (more < 2) return [];
  return [plain(` ${more} tokens depend on the context, from `), quote(columns[0]), plain(' on.')];
}
