/** The result in words, and the number of what is looked at. */

import { formatAlone, percent } from '../model/scale.ts';
import type { View } from '../model/state.ts';

export function Sentence({ view }: { view: View }) {
  return (
    <h2 class="sentence">
      {view.sentence.value.map(({ text, kind }, i) =>
        kind === 'plain' ? (
          text
        ) : (
          <bdi key={i} class={kind}>
            {text}
          </bdi>
        ),
      )}
    </h2>
  );
}

/** The cell that is looked at, with its number, for the eye and for screen readers. */
export function Readout({ view }: { view: View }) {
  const { row, column } = view.focus.value;
  const { rows, columns, values } = view.matrix.value;
  const value = row === null || column === null ? Number.NaN : values[row * columns.length + column];
  const share = view.links.value.find((link) => link.row === row)?.share ?? 0;
  return (
    <p class="readout" aria-live="polite">
      {row !== null && column !== null && !Number.isNaN(value) && (
        <>
          <bdi>{rows[row].unit.text}</bdi> → <bdi>{columns[column].text}</bdi> <b>{formatAlone(value)}</b>{' '}
          {percent(share)}
        </>
      )}
    </p>
  );
}
