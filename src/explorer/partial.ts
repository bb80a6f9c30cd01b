/** What is known of a text whose columns are still arriving, as a sequence that can be drawn. */

import type { StepEvent } from '../contract/events.ts';
import type { ResultSequence, Scores } from '../contract/result.ts';

/** The text of the latest step, with the columns that have come; null before its first. */
export function partialSequence(steps: readonly StepEvent[]): ResultSequence | null {
  const latest = steps.at(-1)?.sequence;
  const own = steps.filter(({ sequence }) => sequence === latest);
  const text = own.find((step) => step.text !== undefined)?.text;
  const last = own.at(-1);
  if (text === undefined || last === undefined) return null;
  const { source, target, attr_pos_start: start } = text;
  const rows = (side: 'source_attributions' | 'target_attributions', count: number): Scores[][] | null =>
    last[side] === null
      ? null
      : Array.from({ length: count }, (_, row) => own.map((step) => step[side]?.[row] ?? null));
  return {
    source,
    target,
    attr_pos_start: start,
    attr_pos_end: last.position + 1,
    source_attributions: rows('source_attributions', source.length),
    target_attributions: rows('target_attributions', last.position + 1),
    step_scores: {},
    sequence_scores: {},
    convergence_delta: null,
  };
}
