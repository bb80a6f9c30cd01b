/** A picture of one score for each token and layer, for guides: where in a model something happens. */

import { pageRules, shadeRules } from '../src/view/model/colors.ts';
import { colorClass, formatNumber, type Scale, scaleOf, unitText } from '../src/view/model/scale.ts';
import { type Shown, tokenReader } from '../src/view/model/tokens.ts';
import { escapeHtml } from '../src/view/page/document.tsx';

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

const STYLE = `${pageRules()}${shadeRules()}
:root{color-scheme:light dark}body{margin:0}
.whence{min-height:100vh;box-sizing:border-box;padding:2.5rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{margin:0;font:400 1.9rem/1.2 Georgia,serif}.whence p,dl,summary{color:var(--muted)}
table{border-spacing:1px}th{font-weight:400;padding:0 .6rem;text-align:right;white-space:nowrap}thead th{text-align:center}
.group th{text-align:left;padding-top:1rem;color:var(--muted)}th i{font-style:normal;color:var(--muted)}
td{min-width:3rem;height:1.8rem;text-align:center;border-radius:5px;font-size:12px}`;

/** One self-contained HTML page. Throws a RangeError when the values do not fit the names. */
export function toLayerMap(map: LayerMap): string {
  const { title, subtitle = '', rows, columns, groups, meaning = 'low to high', facts = [] } = map;
  for (const { values } of groups) {
    if (values.length !== rows.length || values.some((row) => row.length !== columns.length)) {
      throw new RangeError(`${rows.length} x ${columns.length} values are needed for the rows and columns named`);
    }
  }
  const scale = scaleOf(groups.flatMap(({ values }) => values.flat()));
  const read = tokenReader(rows);
  const bodies = groups.map(({ title: name, values }) => {
    const lines = values.map(
      (row, i) => `<tr><th scope="row">${nameHtml(read(rows[i]))}</th>${cells(row, scale)}</tr>`,
    );
    return `<tbody><tr class="group"><th colspan="${columns.length + 1}"><span>${escapeHtml(name)}</span></th></tr>${lines.join('\n')}</tbody>`;
  });
  const header = columns
    .map((text) => `<th scope="col"><span>${nameHtml({ space: false, text })}</span></th>`)
    .join('');
  const entries = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main class="whence">
<h1>${escapeHtml(title)}</h1><p>${escapeHtml(subtitle)}</p>
<table><caption>${escapeHtml(meaning)}, up to ${formatNumber(scale.max, scale)}${unitText(scale)}</caption>
<thead><tr><td></td>${header}</tr></thead>${bodies.join('')}</table>
${entries.length > 0 ? `<details><summary>How this was computed</summary><dl>${entries.join('')}</dl></details>` : ''}
</main></body>
</html>
`;
}

function cells(values: readonly (number | null)[], scale: Scale): string {
  return values
    .map((value) => {
      const text = value === null || Number.isNaN(value) ? '' : formatNumber(value, scale);
      return `<td class="${colorClass(value, scale.max)}">${text}</td>`;
    })
    .join('');
}

function nameHtml({ space, text }: Shown): string {
  return `<bdi>${space ? '<i>·</i>' : ''}${escapeHtml(text)}</bdi>`;
}
