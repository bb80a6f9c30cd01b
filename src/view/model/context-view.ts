/** The view of a result of `POST /attribute-context`: documents with the answer's parts, or a context with its tokens. */

import { computed, type ReadonlySignal } from '@preact/signals';
import type { ContextResult } from '../../contract/attribute-context-result.ts';
import type { ResultSequence } from '../../contract/result.ts';
import { sequenceOfReliance, subjectOfReliance } from './reliance.ts';
import type { Selection } from './selection.ts';
import { subjectOfSources } from './sources.ts';
import { type Settings, type Subject, settingsFor, type View, viewOf } from './state.ts';

export interface ContextView extends View {
  readonly result: ContextResult;
  /** What is looked at: parts of the answer and documents, or tokens and their cues. */
  readonly aspects: ('sources' | 'reliance')[];
  readonly aspect: ReadonlySignal<'sources' | 'reliance'>;
  /** PECoRe's result as a sequence; null where there is none. */
  readonly sequence: ResultSequence | null;
}

export function contextDefaults({ sources, context }: ContextResult): Settings {
  if (sources !== null) return settingsFor({ rows: sources.units.length, columns: sources.citations.length }, 'matrix');
  const rows = (context?.input_context_tokens?.length ?? 0) + (context?.output_context_tokens?.length ?? 0);
  const columns = context?.cci_scores.length ?? 0;
  return settingsFor({ rows, columns }, columns > 0 ? 'matrix' : 'scores');
}

export function createContextView(
  result: ContextResult,
  initial: Partial<Settings> = {},
  selection: Selection | null = null,
): ContextView {
  const { sources, context, info } = result;
  const sequence = context && sequenceOfReliance(context);
  const shown: { aspect: ContextView['aspects'][number]; subject: Subject }[] = [];
  if (sources !== null) shown.push({ aspect: 'sources', subject: subjectOfSources({ sources, info }) });
  if (sequence !== null) shown.push({ aspect: 'reliance', subject: subjectOfReliance(sequence) });
  const aspects = shown.map(({ aspect }) => aspect);
  const settings = { ...contextDefaults(result), ...initial };
  const subjects = shown.map(({ subject }) => subject);
  const view = viewOf(result.job_id, subjects, { settings, selection });
  return {
    ...view,
    result,
    aspects,
    aspect: computed(() => aspects[Math.min(view.text.value, aspects.length - 1)]),
    sequence,
  };
}
