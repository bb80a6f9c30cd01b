/** A picture of one score for each layer and token, for guides: where in a model something happens. */

import { pageHtml } from './heatmap/page.ts';
import { legendHtml, sharedScale, showsNumbers, tableHtml } from './heatmap/table.ts';
import { tokenReader } from './heatmap/tokens.ts';

export interface LayerMap {
  title: string;
  subtitle?: string;
  /** Names of the rows, from the top: layers. */
  rows: readonly string[];
  /** Tokens. */
  columns: readonly string[];
  /** [rows][columns]; null or NaN where there is no value. */
  values: readonly (readonly (number | null)[])[];
  /** What the colors mean. */
  meaning?: string;
}

/** One self-contained HTML page. Throws a RangeError when the values do not fit the names. */
export function toLayerMap({ title, subtitle = '', rows, columns, values, meaning = 'low to high' }: LayerMap): string {
  if (values.length !== rows.length || values.some((row) => row.length !== columns.length)) {
    throw new RangeError(`${rows.length} x ${columns.length} values are needed for the rows and columns named`);
  }
  const read = tokenReader(columns);
  const group = {
    title: 'Layers',
    rows: rows.map((name, i) => ({
      key: null,
      header: { space: false, text: name },
      values: values[i].map((value) => (value === null || Number.isNaN(value) ? null : value)),
    })),
  };
  const table = tableHtml(columns.map(read), [group], title, 'layer ↓  token →');
  return pageHtml({
    title,
    subtitle,
    sections: [{ label: title, html: `${legendHtml(sharedScale([group]), meaning)}\n${table}` }],
    facts: [],
    numbers: showsNumbers(columns.length),
  });
}
