/** A result as one self-contained page: the text, colored by where a chosen token came from, and tables of all scores. */

import type { ContrastInfo, Result, ResultSequence } from '../contract/result.ts';
import { type Readers, tokenGroups } from './heatmap/groups.ts';
import { layerMaps } from './heatmap/layers.ts';
import { type Page, pageHtml } from './heatmap/page.ts';
import { plainText, readerOf, reading } from './heatmap/reading.ts';
import { type Group, legendHtml, type Row, sharedScale, showsNumbers, tableHtml } from './heatmap/table.ts';
import { escapeHtml } from './heatmap/tokens.ts';
import { singleScore } from './scores.ts';

/** Pairs of a generated token and its contrast that are spelled out. */
const MOST_PAIRS = 12;

/** The page; it loads nothing, and holds tokens and texts as escaped text only. */
export function toHeatmap(result: Result): string {
  const { info, sequences } = result;
  const sections = sequences.map((sequence, index) => section(sequence, index, info));
  const widest = Math.max(0, ...sequences.map(({ attr_pos_start: start, attr_pos_end: end }) => end - start));
  const facts: Page['facts'] = Object.entries({ job: result.job_id, ...info })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name.replaceAll('_', ' '), typeof value === 'string' ? value : JSON.stringify(value)]);
  return pageHtml({
    title: `${capitalized(words(info.method))} · ${info.model}`,
    subtitle: `Which input tokens did each generated token come from? Attributed: ${words(info.attributed_fn)}.`,
    sections,
    facts,
    numbers: showsNumbers(widest),
  });
}

const words = (id: string) => id.replaceAll('_', ' ');
const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function section(sequence: ResultSequence, index: number, info: Result['info']): Page['sections'][number] {
  const { source, target, attr_pos_start: start, attr_pos_end: end, error } = sequence;
  if (error !== undefined) {
    const given = info.input_texts?.[index].trim().slice(0, 80) ?? '';
    return {
      label: `${index + 1}  ${given}`,
      html: `<p class="note">This text failed: ${escapeHtml(error.message)}</p>`,
    };
  }
  const readers = { source: readerOf(source), target: readerOf(target) };
  const groups = groupsOf(sequence, readers);
  const columns = target.slice(start, end).map(({ token, forced }) => ({ ...readers.target(token), forced }));
  const label = plainText(
    source.length > 0 ? source : target.slice(0, start),
    source.length > 0 ? readers.source : readers.target,
  );
  const html = [
    reading(sequence, readers),
    notes(
      sequence,
      readers,
      info.contrasts?.find((found) => found.sequence === index && found.role === 'attributed_fn'),
    ),
    groups.some(({ ownScales }) => !ownScales) ? legendHtml(sharedScale(groups), words(info.method)) : '',
    tableHtml(columns, groups, `Scores of text ${index + 1}`, 'attributed to ↓  generated →'),
    layerMaps(sequence, readers, words(info.method)),
  ];
  return { label: `${index + 1}  ${label}`, html: html.join('\n') };
}

function groupsOf(sequence: ResultSequence, readers: Readers): Group[] {
  const groups = tokenGroups(sequence, readers, (values) => values.map(singleScore));
  const steps = Object.entries(sequence.step_scores);
  if (sequence.convergence_delta !== null) steps.push(['convergence_delta', sequence.convergence_delta]);
  const rows = steps.map(([name, values]): Row => {
    return { key: null, header: { space: false, text: words(name) }, values };
  });
  if (rows.length > 0) groups.push({ title: 'Step scores', rows, ownScales: true });
  return groups;
}

/** What a reader must know of these scores. */
function notes(sequence: ResultSequence, readers: Readers, contrast: ContrastInfo | undefined): string {
  const { axes, source_attributions, target_attributions, target } = sequence;
  const texts: string[] = [];
  const cell = (source_attributions ?? target_attributions)?.[0]?.[0];
  if (Array.isArray(cell)) {
    const over = axes === undefined ? 'the further axes' : axes.join(' and ');
    texts.push(`The scores are raw; each cell shows their norm over ${escapeHtml(over)}.`);
  }
  if (contrast !== undefined) texts.push(against(sequence, readers, contrast));
  if (target.some(({ forced }) => forced)) texts.push('Dashed: forced, not chosen by the model.');
  return texts.map((text) => `<p class="note">${text}</p>`).join('');
}

/** Which token each generated one is compared with. */
function against({ target, attr_pos_start: start }: ResultSequence, { target: read }: Readers, contrast: ContrastInfo) {
  const name = (token: string) => `<b><bdi>${escapeHtml(read(token).text)}</bdi></b>`;
  const pairs = contrast.contrast_tokens.map(
    (token, t) => `${name(target[start + t]?.token ?? '')} against ${name(token)}`,
  );
  const more = pairs.length > MOST_PAIRS ? `, and ${pairs.length - MOST_PAIRS} more` : '';
  return `Compared: ${pairs.slice(0, MOST_PAIRS).join(', ')}${more}.`;
}
