/** The view of a result of `POST /attribute`: one text at a time, in the chosen units. */

import { computed, type ReadonlySignal } from '@preact/signals';
import type { Result, ResultSequence } from '../../contract/result.ts';
import { headline } from './headline.ts';
import { hasLayers } from './layers.ts';
import { matrixOf } from './matrix.ts';
import type { Selection } from './selection.ts';
import { spansAsTokens } from './spans.ts';
import { type Settings, type Subject, settingsFor, type View, viewOf } from './state.ts';
import { paragraphsOf } from './text.ts';

export interface AttributionView extends View {
  readonly result: Result;
  readonly sequence: ReadonlySignal<ResultSequence>;
}

export function defaultSettings({ sequences }: Result): Settings {
  const columns = Math.max(0, ...sequences.map(({ attr_pos_start: start, attr_pos_end: end }) => end - start));
  const rows = Math.max(0, ...sequences.map(({ source, target }) => source.length + target.length));
  const nothing = sequences.every((one) => one.source_attributions === null && one.target_attributions === null);
  return settingsFor({ rows, columns }, nothing ? 'scores' : sequences.some(hasLayers) ? 'layers' : 'matrix');
}

/** @param linked - a view whose settings and selection are this one's, too */
export function createView(
  made: Result,
  initial: Partial<Settings> = {},
  selection: Selection | null = null,
  linked: View | null = null,
): AttributionView {
  const result = { ...made, sequences: made.sequences.map(spansAsTokens) };
  const { sequences } = result;
  const settings = { ...defaultSettings(result), ...initial };
  const subjects = sequences.map((_, index) => subjectOf(result, index));
  const view = viewOf(result.job_id, subjects, { settings, selection, linked });
  const sequence = computed(() => sequences[Math.min(view.text.value, sequences.length - 1)]);
  return { ...view, result, sequence };
}

function subjectOf({ info, sequences }: Result, index: number): Subject {
  const sequence = sequences[index];
  const { target, attr_pos_start } = sequence;
  return {
    paragraphs: (granularity) => paragraphsOf(sequence, granularity),
    matrix: (options) => matrixOf(sequence, options),
    headline: (matrix, focus) => headline(matrix, focus, { info, sequence: { index, target, attr_pos_start } }),
  };
}
