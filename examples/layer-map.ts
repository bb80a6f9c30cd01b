/** A picture of one score for each token and layer, for guides: where in a model something happens. */

import { pageHtml } from '../src/results/heatmap/page.ts';
import { type Group, legendHtml, sharedScale, showsNumbers, tableHtml } from '../src/results/heatmap/table.ts';
import { tokenReader } from '../src/results/heatmap/tokens.ts';

export interface LayerMap {
  title: string;
  subtitle?: string;
  /** Names of the rows, from the top: tokens, or parts of a sentence. */
  rows: readonly string[];
  /** Layers, from the first. */
  columns: readonly string[];
  /** One map for each kind of module, on one scale; values are [rows][columns], null or NaN where there is none. */
  groups: readonly { title: string; values: readonly (readonly (number | null)[])[] }[];
  /** What the colors mean. */
  meaning?: string;
  /** How it was computed: names and values under the fold. */
  facts?: [string, string][];
}

/** One self-contained HTML page. Throws a RangeError when the values do not fit the names. */
export function toLayerMap(map: LayerMap): string {
  const { title, subtitle = '', rows, columns, meaning = 'low to high', facts = [] } = map;
  const read = tokenReader(rows);
  const groups = map.groups.map(({ title: name, values }): Group => {
    if (values.length !== rows.length || values.some((row) => row.length !== columns.length)) {
      throw new RangeError(`${rows.length} x ${columns.length} values are needed for the rows and columns named`);
    }
    return {
      title: name,
      rows: rows.map((row, i) => ({
        key: null,
        header: read(row),
        values: values[i].map((value) => (value === null || Number.isNaN(value) ? null : value)),
      })),
    };
  });
  const header = columns.map((text) => ({ space: false, text }));
  const table = tableHtml(header, groups, title, 'token ↓  layer →');
  return pageHtml({
    title,
    subtitle,
    sections: [{ label: title, html: `${legendHtml(sharedScale(groups), meaning)}\n${table}` }],
    facts,
    numbers: showsNumbers(columns.length),
  });
}
