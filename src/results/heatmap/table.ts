/** One table of scores: columns are generated tokens, groups of rows are what they are attributed to. */

import { colorClass, formatNumber, type Scale, scaleOf, unitText } from './scale.ts';
import { escapeHtml, type Shown } from './tokens.ts';

/** A row: a token or the name of a score, and one value for each column. */
export interface Row {
  /** Ties the row to the same token in the text above the table. */
  key: string | null;
  header: Shown;
  values: (number | null)[];
}

export interface Group {
  title: string;
  rows: Row[];
  /** Rows on scales of their own, in a neutral color: step scores. */
  ownScales?: boolean;
}

/** A column: a generated token, or a layer's number. */
export interface Column extends Shown {
  /** The model was made to write it. */
  forced?: boolean;
}

/** Columns from which cells are small and numbers are hidden at first. */
const MANY_COLUMNS = 24;

/** Whether numbers fit into the cells of so many columns. */
export function showsNumbers(columns: number): boolean {
  return columns <= MANY_COLUMNS;
}

/** A token in a header: with a faint dot where a space precedes it. */
function tokenHtml({ space, text }: Shown): string {
  return `<bdi>${space ? '<i>·</i>' : ''}${escapeHtml(text)}</bdi>`;
}

/** Attributes of a token that the model did not choose. */
export const FORCED = ' data-forced title="forced: the model did not choose it"';

/** The scale that groups share. */
export function sharedScale(groups: readonly Group[]): Scale {
  return scaleOf(
    groups.filter(({ ownScales }) => !ownScales).flatMap(({ rows }) => rows.flatMap(({ values }) => values)),
  );
}

/** The table in its scrolling frame. */
export function tableHtml(
  columns: readonly Column[],
  groups: readonly Group[],
  caption: string,
  corner: string,
): string {
  const scale = sharedScale(groups);
  let first = true;
  const head = columns
    .map((token) => `<th scope="col"${token.forced ? FORCED : ''}><span>${tokenHtml(token)}</span></th>`)
    .join('');
  const bodies = groups.map(({ title, rows, ownScales }) => {
    const lines = rows.map(({ key, header, values }) => {
      const own = ownScales ? scaleOf(values) : scale;
      const ownUnit = ownScales ? unitText(own) : '';
      const cells = values.map((value) => {
        const focus = first && value !== null ? ' tabindex="0"' : '';
        if (focus) first = false;
        const color = ownScales ? colorClass(value, own).replace(/^[pn]/, 'g') : colorClass(value, own);
        return `<td class="${color}"${focus}>${value === null ? '' : formatNumber(value, own)}</td>`;
      });
      const data = `${key === null ? '' : ` data-k="${key}"`}${ownScales ? ' data-own' : ''}`;
      const name = `${tokenHtml(header)}${ownUnit && ` <small>${ownUnit}</small>`}`;
      return `<tr${data}><th scope="row">${name}</th>${cells.join('')}</tr>`;
    });
    const heading = `<tr class="group"><th scope="rowgroup" colspan="${columns.length + 1}"><span>${escapeHtml(title)}</span></th></tr>`;
    return `<tbody>${heading}${lines.join('\n')}</tbody>`;
  });
  // Layer numbers and the like stand upright.
  const upright = columns.every(({ space, text }) => !space && text.length <= 2);
  const kinds = [...(showsNumbers(columns.length) ? [] : ['dense']), ...(upright ? ['upright'] : [])].join(' ');
  const unit = unitText(scale);
  return (
    `<div class="scroll" role="region" aria-label="${escapeHtml(caption)}" tabindex="0"><table${kinds && ` class="${kinds}"`}${unit && ` data-unit="${unit}"`}>` +
    `<caption>${escapeHtml(caption)}</caption>` +
    `<thead><tr><th class="corner" scope="col">${escapeHtml(corner)}</th>${head}</tr></thead>${bodies.join('')}</table></div>`
  );
}

/** The scale as a strip of color between its ends. */
export function legendHtml(scale: Scale, meaning: string): string {
  const unit = unitText(scale);
  const end = `${formatNumber(scale.max, scale)}${unit}`;
  const start = scale.signed ? `−${end}` : '0';
  const label = `Color scale from ${start} to ${end}`;
  return (
    `<figure class="legend"><figcaption>${escapeHtml(meaning)}</figcaption><span>${start}</span>` +
    `<span class="strip${scale.signed ? ' signed' : ''}" role="img" aria-label="${label}"></span><span>${end}</span>${unit && `<span>cells in ${unit.slice(1)}</span>`}</figure>`
  );
}
