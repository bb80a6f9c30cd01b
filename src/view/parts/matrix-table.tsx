/** A small matrix as a table of colored cells: arrow keys go from cell to cell. */

import { Fragment, type TargetedKeyboardEvent } from 'preact';
import { useState } from 'preact/hooks';
import { scaleOfMatrix } from '../model/matrix.ts';
import { moved } from '../model/moves.ts';
import { colorClass, formatNumber, type Scale } from '../model/scale.ts';
import { cellSelection, formatSelection } from '../model/selection.ts';
import type { View } from '../model/state.ts';
import { Name } from './name.tsx';

export function MatrixTable({ view }: { view: View }) {
  const matrix = view.shownMatrix.value;
  const [stop, setStop] = useState(0);
  const width = matrix.columns.length;
  const at = (event: Event) => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('td[data-at]') : null;
    return cell === null ? null : Number(cell.dataset.at);
  };
  const selection = (cell: number) => cellSelection(matrix, Math.floor(cell / width), cell % width);
  const preview = (event: Event) => {
    if (event instanceof PointerEvent && event.pointerType === 'touch') return;
    const cell = at(event);
    view.hovered.value = cell === null ? null : selection(cell);
  };
  const end = () => {
    view.hovered.value = null;
  };
  const pin = (event: Event) => {
    const cell = at(event);
    if (cell === null) return;
    const next = selection(cell);
    view.pinned.value = formatSelection(next) === formatSelection(view.pinned.value) ? null : next;
    setStop(cell);
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const cell = at(event);
    if (event.key === 'Escape') view.pinned.value = null;
    if (cell === null) return;
    if (event.key === 'Enter' || event.key === ' ') pin(event);
    const next = moved(matrix, cell, event.key);
    if (next !== null) {
      setStop(next);
      event.currentTarget.querySelector<HTMLElement>(`td[data-at="${next}"]`)?.focus();
    }
    if (next !== null || event.key === ' ' || event.key.startsWith('Arrow')) event.preventDefault();
  };
  return (
    <section
      class="scroll"
      aria-label={`All scores of job ${view.jobId}`}
      tabIndex={0}
      onPointerOver={preview}
      onPointerLeave={end}
      onFocusIn={preview}
      onFocusOut={end}
      onClick={pin}
      onKeyDown={onKey}
    >
      <table class={view.numbers.value ? 'matrix' : 'matrix dense'}>
        <caption>Scores: attributed to, down; generated, across</caption>
        <thead>
          <tr>
            <td class="corner">attributed to ↓ generated →</td>
            {matrix.columns.map((unit, column) => (
              <th
                key={unit.from}
                scope="col"
                class={view.focus.value.column !== null && view.focus.value.column === column ? 'on' : ''}
                data-forced={unit.forced ? '' : undefined}
              >
                <span>
                  <Name unit={unit} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.rows.map(({ unit, group }, row) => (
            <Fragment key={`${unit.side}${unit.from}`}>
              {group !== matrix.rows[row - 1]?.group && (
                <tr class="group">
                  <th scope="rowgroup" colSpan={width + 1}>
                    <span>{group}</span>
                  </th>
                </tr>
              )}
              <tr>
                <th scope="row">
                  <Name unit={unit} />
                </th>
                {matrix.columns.map((column, c) => (
                  <Cell
                    key={column.from}
                    view={view}
                    at={row * width + c}
                    stop={stop}
                    scale={scaleOfMatrix(matrix)}
                    max={view.maxima.value[c]}
                  />
                ))}
              </tr>
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ view, at, stop, scale, max }: { view: View; at: number; stop: number; scale: Scale; max: number }) {
  const value = view.shownMatrix.value.values[at];
  if (Number.isNaN(value)) return <td class="x" />;
  return (
    <td class={colorClass(value, max)} data-at={at} tabIndex={at === stop ? 0 : -1}>
      {formatNumber(value, scale)}
    </td>
  );
}
