/** The strongest of what counted, as bars. */

import type { Link } from '../model/links.ts';
import { percent } from '../model/scale.ts';
import type { View } from '../model/state.ts';

const SHOWN = 5;
/** Texts of more characters stand above their bars. */
const LONG = 24;

export function Bars({ view }: { view: View }) {
  const { row, column } = view.focus.value;
  const { rows, columns } = view.matrix.value;
  const ofRow = row !== null && column === null;
  const links = view.links.value.slice(0, SHOWN);
  if (links.length === 0) return null;
  const textOf = (link: Link) => (ofRow ? columns[link.column].text : rows[link.row].unit.text);
  const title = ofRow ? 'What it led to' : column === null ? 'What counted most, on average' : 'Where it came from';
  const most = Math.max(...links.map(({ share }) => share), 1e-12);
  const isLong = links.some((link) => textOf(link).length > LONG);
  return (
    <section class={isLong ? 'bars long' : 'bars'}>
      <h3 class="label">{title}</h3>
      <ol>
        {links.map((link) => (
          <li key={`${link.row},${link.column}`}>
            <bdi class="bar-text">{textOf(link)}</bdi>
            <svg
              class={link.value < 0 ? 'bar negative' : 'bar'}
              viewBox="0 0 100 8"
              preserveAspectRatio="none"
              aria-hidden="true"
            >
              <rect width={(link.share / most) * 100} height="8" rx="1" />
            </svg>
            <span class="bar-share">
              {link.value < 0 ? '−' : ''}
              {percent(link.share)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
