/** Tokens and layers of the chosen generated token. */

import type { AttributionView } from '../model/attribution-view.ts';
import { layerMapOf } from '../model/layers.ts';
import { colorClass, formatNumber, scaleOf, unitText } from '../model/scale.ts';
import { Name } from './name.tsx';

/** Cells that are shown at most; of more, the strongest rows. */
const MOST_CELLS = 6_000;

export function LayersPanel({ view }: { view: AttributionView }) {
  const sequence = view.sequence.value;
  const { attr_pos_start: start, target } = sequence;
  const column = view.matrix.value.columns[view.focus.value.column ?? firstChosen(view)];
  const step = (column?.from ?? start) - start;
  const { rows, layers, values } = layerMapOf(sequence, step);
  const scale = scaleOf(values);
  const width = layers.length;
  const kept = strongest(values, width, Math.max(1, Math.floor(MOST_CELLS / Math.max(1, width))));
  const name = column?.text ?? target[start]?.token ?? '';
  return (
    <div class="panel-body">
      <p class="note">
        Layers of{' '}
        <b>
          <bdi>{name}</bdi>
        </b>
        : choose another token of the answer above.
        {scale.exponent !== 0 && ` Cells in ${unitText(scale).slice(1)}.`}
        {kept.length < rows.length && ` The ${kept.length} strongest of ${rows.length} rows.`}
      </p>
      <section class="scroll" aria-label={`Layers of ${name}`} tabIndex={0}>
        <table class={view.numbers.value ? 'matrix upright' : 'matrix upright dense'}>
          <caption>Scores of {name}: attributed to, down; layers, across</caption>
          <thead>
            <tr>
              <td class="corner">attributed to ↓ layer →</td>
              {layers.map((layer) => (
                <th key={layer} scope="col">
                  <span>{layer}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {kept.map((row) => (
              <tr key={row}>
                <th scope="row">
                  <Name unit={rows[row]} />
                </th>
                {layers.map((layer, l) => {
                  const value = values[row * width + l];
                  return (
                    <td key={layer} class={colorClass(value, scale.max / view.boost.value)}>
                      {Number.isNaN(value) ? '' : formatNumber(value, scale)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

/** The first column that the model chose. */
function firstChosen(view: AttributionView): number {
  return Math.max(
    0,
    view.matrix.value.columns.findIndex(({ forced }) => !forced),
  );
}

/** Indices of the rows with the largest values, in their order. */
function strongest(values: Float64Array, width: number, count: number): number[] {
  const rows = Array.from({ length: width === 0 ? 0 : values.length / width }, (_, row) => row);
  if (rows.length <= count) return rows;
  const size = (row: number) => Math.max(...values.slice(row * width, (row + 1) * width).map(Math.abs));
  return rows
    .sort((a, b) => size(b) - size(a))
    .slice(0, count)
    .sort((a, b) => a - b);
}
