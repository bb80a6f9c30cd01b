/** A result as one self-contained page: the text, colored by where a chosen token came from, and tables of all scores. */

import type { Result, ResultSequence, ResultToken, Scores } from '../contract/result.ts';
import { type Page, pageHtml } from './heatmap/page.ts';
import { FORCED, type Group, legendHtml, type Row, sharedScale, showsNumbers, tableHtml } from './heatmap/table.ts';
import { escapeHtml, type Shown, tokenReader } from './heatmap/tokens.ts';
import { singleScore } from './scores.ts';

type Read = (token: string) => Shown;

/** The page; it loads nothing, and tokens and texts stand in it as escaped text only. */
export function toHeatmap(result: Result): string {
  const { info, sequences } = result;
  const sections = sequences.map((sequence, index) => section(sequence, index, info.method));
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

function section(sequence: ResultSequence, index: number, method: string): Page['sections'][number] {
  const { source, target, attr_pos_start: start, attr_pos_end: end } = sequence;
  const readers = { source: readerOf(source), target: readerOf(target) };
  const groups = groupsOf(sequence, readers);
  const columns = target.slice(start, end).map(({ token, forced }) => ({ ...readers.target(token), forced }));
  const label = plainText(
    source.length > 0 ? source : target.slice(0, start),
    source.length > 0 ? readers.source : readers.target,
  );
  const html = [
    reading(sequence, readers),
    note(sequence),
    legendHtml(sharedScale(groups), words(method)),
    tableHtml(columns, groups, `Scores of text ${index + 1}`, 'attributed to ↓  generated →'),
  ];
  return { label: `${index + 1}  ${label}`, html: html.join('\n') };
}

const readerOf = (tokens: readonly ResultToken[]): Read => tokenReader(tokens.map(({ token }) => token));

function plainText(tokens: readonly ResultToken[], read: Read): string {
  return tokens
    .filter(({ start }) => start !== null)
    .map(({ token }) => read(token))
    .map(({ space, text }) => `${space ? ' ' : ''}${text}`)
    .join('')
    .trim()
    .slice(0, 80);
}

function groupsOf(sequence: ResultSequence, readers: { source: Read; target: Read }): Group[] {
  const { source, target, attr_pos_start: start } = sequence;
  const groups: Group[] = [];
  const add = (title: string, side: 's' | 't', tokens: ResultToken[], scores: Scores[][] | null, from = 0): void => {
    const read = side === 's' ? readers.source : readers.target;
    const rows = (scores ?? []).slice(from, from + tokens.length).map((values, i): Row => {
      return { key: `${side}${from + i}`, header: read(tokens[i].token), values: values.map(singleScore) };
    });
    const applicable = rows.filter(({ values }) => values.some((value) => value !== null));
    if (applicable.length > 0) groups.push({ title, rows: applicable });
  };
  add('Source', 's', source, sequence.source_attributions);
  const prefix = source.length > 0 ? 'Target start' : 'Prompt';
  add(prefix, 't', target.slice(0, start), sequence.target_attributions);
  add('Generated before', 't', target.slice(start), sequence.target_attributions, start);
  const steps = Object.entries(sequence.step_scores);
  if (sequence.convergence_delta !== null) steps.push(['convergence_delta', sequence.convergence_delta]);
  const rows = steps.map(([name, values]): Row => {
    return { key: null, header: { space: false, text: words(name) }, values };
  });
  if (rows.length > 0) groups.push({ title: 'Step scores', rows, ownScales: true });
  return groups;
}

function note({ axes, source_attributions, target_attributions, target }: ResultSequence): string {
  const notes: string[] = [];
  const cell = (source_attributions ?? target_attributions)?.[0]?.[0];
  if (Array.isArray(cell)) {
    const over = axes === undefined ? 'the further axes' : axes.join(' and ');
    notes.push(`The scores are raw; each cell shows their norm over ${escapeHtml(over)}.`);
  }
  if (target.some(({ forced }) => forced)) notes.push('Dashed: forced, not chosen by the model.');
  return notes.map((text) => `<p class="note">${text}</p>`).join('');
}

/** The text itself. Generated tokens are buttons that color the others by what they were for it. */
function reading(sequence: ResultSequence, readers: { source: Read; target: Read }): string {
  const { source, target, attr_pos_start: start, attr_pos_end: end } = sequence;
  const token = (side: 's' | 't', { token, forced }: ResultToken, at: number): string => {
    const { space, text } = (side === 's' ? readers.source : readers.target)(token);
    const inner = `<bdi>${escapeHtml(text)}</bdi>`;
    const key = `data-k="${side}${at}"`;
    const generated = side === 't' && at >= start && at < end;
    const element = generated
      ? `<button type="button" ${key} data-c="${at - start}"${forced ? FORCED : ''} aria-pressed="false">${inner}</button>`
      : `<span ${key}>${inner}</span>`;
    return `${space ? ' ' : ''}${element}`;
  };
  const paragraph = (title: string, side: 's' | 't', tokens: ResultToken[]) =>
    `<p dir="auto"><small>${title}</small>${tokens.map((item, at) => token(side, item, at)).join('')}</p>`;
  const parts =
    source.length > 0
      ? [paragraph('Source', 's', source), paragraph('Target', 't', target)]
      : [paragraph('Prompt and generated text', 't', target)];
  return `<div class="reading">${parts.join('')}</div>`;
}
