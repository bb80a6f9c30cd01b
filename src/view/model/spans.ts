/** Results whose columns are spans of the answer, as results whose columns are tokens: each span is one token. */

import type { ResultSequence, ResultToken, Scores } from '../../contract/result.ts';
import type { TargetSpan } from '../../contract/target-spans.ts';

/** Target positions [start, end) that one token is shown for; `span`: the column that it has. */
interface Shown {
  start: number;
  end: number;
  span: number | null;
}

/**
 * The same sequence with the tokens of each span joined to one, whose scores as an input are the sums of theirs. Tokens
 * between spans have no scores of their own as an output.
 */
export function spansAsTokens(sequence: ResultSequence): ResultSequence {
  const { target_spans: spans, attr_pos_start: first, attr_pos_end: end, target } = sequence;
  if (spans === undefined) return sequence;
  const shown = joined(spans, target.length);
  const answer = shown.filter((one) => one.start >= first && one.end <= end);
  const columns = <T>(row: readonly T[]): (T | null)[] => answer.map(({ span }) => (span === null ? null : row[span]));
  const outputs = <T>(matrix: T[][] | null) => matrix?.map((row) => columns(row)) ?? null;
  const rows = (matrix: Scores[][]) =>
    shown
      .map(({ start, end: to }) => matrix.slice(start, to))
      .filter((some) => some.length > 0)
      .map((some) => some.reduce((sum, row) => row.map((cell, column) => total(sum[column], cell))));
  const { source_attributions, target_attributions, convergence_delta, top_alternatives: _, ...rest } = sequence;
  const { target_spans: __, ...kept } = rest;
  const names = Object.keys(sequence.step_scores);
  const position = shown.indexOf(answer[0]);
  return {
    ...kept,
    target: shown.map((one) => tokenOf(one, target)),
    attr_pos_start: position,
    attr_pos_end: position + answer.length,
    source_attributions: outputs(source_attributions),
    target_attributions: target_attributions && outputs(rows(target_attributions)),
    step_scores: Object.fromEntries(names.map((name) => [name, columns(spans.map((span) => span.step_scores[name]))])),
    sequence_scores: {},
    convergence_delta: convergence_delta && columns(convergence_delta),
  };
}

/** Spans in place of their tokens, and every other token by itself. */
function joined(spans: readonly TargetSpan[], length: number): Shown[] {
  const shown: Shown[] = [];
  for (let at = 0; at < length; ) {
    const span = spans.findIndex(({ attr_pos_start: start }) => start === at);
    const end = span < 0 ? at + 1 : spans[span].attr_pos_end;
    shown.push({ start: at, end, span: span < 0 ? null : span });
    at = end;
  }
  return shown;
}

function tokenOf({ start, end }: Shown, target: readonly ResultToken[]): ResultToken {
  const tokens = target.slice(start, end);
  if (tokens.length === 1) return tokens[0];
  return {
    ...tokens[0],
    id: -1,
    token: tokens.map(({ token }) => token).join(''),
    start: tokens.flatMap((token) => token.start ?? [])[0] ?? null,
    end: tokens.flatMap((token) => token.end ?? []).at(-1) ?? null,
  };
}

/** Sums of cells, number by number; what does not apply is left out. */
function total(a: Scores, b: Scores): Scores {
  if (a === null || b === null) return a ?? b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((value, k) => total(value, b[k]));
  return Number(a) + Number(b);
}
