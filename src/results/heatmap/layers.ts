/** Scores of several layers: under the heatmap of a text one map of tokens and layers for each generated token. */

import type { ResultSequence, Scores } from '../../contract/result.ts';
import { singleScore } from '../scores.ts';
import { type Readers, tokenGroups } from './groups.ts';
import { legendHtml, sharedScale, tableHtml } from './table.ts';
import { escapeHtml } from './tokens.ts';

/** Cells that the maps of one text may have together; a page of more would be slow to open. */
const MOST_CELLS = 100_000;

/** HTML of the maps, the first of them open; empty where scores have no axis of layers. */
export function layerMaps(sequence: ResultSequence, readers: Readers, meaning: string): string {
  const { axes, source_attributions: source, target_attributions: scores, target } = sequence;
  const { attr_pos_start: start, attr_pos_end: end } = sequence;
  if (axes?.[0] !== 'layer') return '';
  const count = layerCount([...(source ?? []), ...(scores ?? [])]);
  const names = layerLabels(sequence.layers ?? Array.from({ length: count }, (_, layer) => String(layer)));
  const header = names.map((text) => ({ space: false, text }));
  const cells = count * ((source?.length ?? 0) + (scores?.length ?? 0));
  const most = Math.max(1, Math.floor(MOST_CELLS / cells));
  const shown = target.slice(start, Math.min(end, start + most));
  const first = shown.findIndex(({ forced }) => !forced);
  const maps = shown.map(({ token }, t) => {
    const groups = tokenGroups(sequence, readers, (row) => layersOf(row[t], count), false);
    const text = escapeHtml(readers.target(token).text);
    const table = tableHtml(header, groups, `Layers of ${readers.target(token).text}`, 'attributed to ↓  layer →');
    return `<details class="layers"${t === Math.max(first, 0) ? ' open' : ''}><summary>Layers of <bdi>${text}</bdi></summary>${legendHtml(sharedScale(groups), meaning)}${table}</details>`;
  });
  if (end - start > most) maps.push(`<p class="note">Layers of the first ${most} generated tokens are shown.</p>`);
  return maps.join('\n');
}

function layerCount(rows: readonly Scores[][]): number {
  return Math.max(0, ...rows.flat().map((cell) => (Array.isArray(cell) ? cell.length : 0)));
}

/** One number for each layer, heads and the like within it joined. */
function layersOf(cell: Scores, count: number): (number | null)[] {
  return Array.isArray(cell) ? cell.map(singleScore) : Array.from({ length: count }, () => null);
}

/** Names of layers without the parts that all of them begin and end with: `transformer.h.3.mlp` is 3. */
function layerLabels(names: readonly string[]): string[] {
  const parts = names.map((name) => name.split('.'));
  const shortest = Math.min(...parts.map(({ length }) => length));
  const same = (at: (part: string[]) => string): boolean => parts.every((part) => at(part) === at(parts[0]));
  let head = 0;
  while (head < shortest - 1 && same((part) => part[head])) head++;
  let tail = 0;
  while (tail < shortest - 1 - head && same((part) => part[part.length - 1 - tail])) tail++;
  return parts.map((part) => part.slice(head, part.length - tail).join('.'));
}
