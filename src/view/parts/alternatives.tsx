/** What else the model might have said where the chosen token stands. */

import type { AttributionView } from '../model/attribution-view.ts';
import { percent } from '../model/scale.ts';
import { tokenReader } from '../model/tokens.ts';

export function Alternatives({ view }: { view: AttributionView }) {
  const { top_alternatives, attr_pos_start: start, target } = view.sequence.value;
  const { column } = view.focus.value;
  const unit = column === null ? undefined : view.matrix.value.columns[column];
  const found = unit === undefined ? undefined : top_alternatives?.[unit.from - start];
  if (unit === undefined || found === undefined || found.length === 0) return null;
  const read = tokenReader([...target, ...found].map(({ token }) => token));
  const said = target[unit.from]?.id;
  return (
    <section class="bars alternatives">
      <h3 class="label">What the model might have said here</h3>
      <ol>
        {found.map(({ id, token, probability }) => (
          <li key={id} class={id === said ? 'spoken' : ''}>
            <bdi class="bar-text">{read(token).text}</bdi>
            <svg class="bar neutral" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width={(probability ?? 0) * 100} height="8" rx="1" />
            </svg>
            <span class="bar-share">{percent(probability ?? 0)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
