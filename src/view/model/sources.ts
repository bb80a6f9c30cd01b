/** Documents and an answer as a text to look at: units of the documents down, parts of the answer across. */

import type { SourceDocument } from '../../contract/attribute-context-request.ts';
import type { Citation, ContextResult, Sources, SourceUnit } from '../../contract/attribute-context-result.ts';
import { aboutChosen, type Focus, type Phrase, plain, quote, share } from './headline.ts';
import { sourcesOf } from './links.ts';
import { asShares, columnTotals, type Matrix } from './matrix.ts';
import { formatAlone } from './scale.ts';
import type { Subject } from './state.ts';
import { type Paragraph, paragraphOf } from './text.ts';
import type { Unit } from './units.ts';

/** Share from which a second source is named beside the main one: answers often need two. */
const ALSO = 0.25;

/** The heading of the answer's paragraph. */
export const ANSWER = 'Answer';

/** A document as a reader knows it: by its title, or else by its number. */
export function titleOf({ title, id }: SourceDocument, index: number): string {
  if (title !== undefined) return title;
  return id === undefined || id === String(index) ? `Document ${index + 1}` : id;
}

/** A result about documents. */
type AboutDocuments = Pick<ContextResult, 'info'> & { sources: Sources };

export function subjectOfSources({ sources, info }: AboutDocuments): Subject {
  const documents = info.request.documents ?? [];
  const rows = sources.units.map((unit, u) => ({
    unit: unitOf('source', u, unit.text),
    group: titleOf(documents[unit.document_index] ?? {}, unit.document_index),
  }));
  const columns = sources.citations.map(({ text }, c) => unitOf('target', c, text));
  const values = Float64Array.from(
    sources.units.flatMap((_, u) => columns.map((_, c) => sources.scores[u]?.[c] ?? Number.NaN)),
  );
  const scores: Matrix = { rows, columns, values };
  const shares = asShares(scores);
  const paragraphs = [
    ...questionOf(info.request),
    ...answerOf(sources, columns),
    ...documents.map((document, d) => documentOf(titleOf(document, d), document.text, d, { sources, rows })),
  ];
  return {
    paragraphs: () => paragraphs,
    matrix: (options) => (options.shares ? shares : scores),
    headline: (matrix, focus) => headline(matrix, focus, sources, info.request.support_threshold),
  };
}

function unitOf(side: Unit['side'], at: number, text: string): Unit {
  return { side, from: at, to: at + 1, text, space: false, special: false, forced: false, role: null };
}

function questionOf({ query, messages }: ContextResult['info']['request']): Paragraph[] {
  const turns = messages?.map(({ role, content }): [string, string] => [role, textOf(content)]) ?? [];
  const asked: [string, string][] = typeof query === 'string' ? [['question', query]] : turns;
  return asked.map(([title, text]) => paragraphOf(title === 'user' ? 'question' : title, [text]));
}

function textOf(content: string | { text: string }[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

/** The answer with its sentences; spans that were asked for beside them stand below it. */
function answerOf({ answer, citations }: Sources, columns: Unit[]): Paragraph[] {
  const inside: { start: number; end: number; unit: Unit }[] = [];
  const beside: Unit[] = [];
  for (const [c, { start, end }] of citations.entries()) {
    if (start >= (inside.at(-1)?.end ?? 0)) inside.push({ start, end, unit: columns[c] });
    else beside.push(columns[c]);
  }
  const spans = beside.flatMap((unit, i) => (i === 0 ? [unit] : [' … ', unit]));
  return [
    paragraphOf(ANSWER, interleaved(answer, inside)),
    ...(spans.length > 0 ? [paragraphOf('Parts of it', spans)] : []),
  ];
}

interface Drawn {
  sources: Sources;
  rows: Matrix['rows'];
}

function documentOf(title: string, text: string, document: number, { sources, rows }: Drawn): Paragraph {
  const own = sources.units.flatMap(({ document_index, start, end }: SourceUnit, u) =>
    document_index === document ? [{ start, end, unit: rows[u].unit }] : [],
  );
  return paragraphOf(title, interleaved(text, own));
}

/** Units at their places in a text, with what lies between them. */
function interleaved(text: string, units: { start: number; end: number; unit: Unit }[]): (Unit | string)[] {
  const pieces: (Unit | string)[] = [];
  let at = 0;
  for (const { start, end, unit } of [...units].sort((a, b) => a.start - b.start)) {
    if (start > at) pieces.push(text.slice(at, start));
    pieces.push(unit);
    at = end;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

function headline(matrix: Matrix, focus: Focus, { citations }: Sources, threshold: number | undefined): Phrase[] {
  const { row, column } = focus;
  if (column !== null && row === null && citations[column].unsupported)
    return unsupported(citations[column], threshold);
  if (row !== null || column !== null) return aboutChosen(matrix, focus, undefined, ALSO);
  const supported = citations.filter((one) => !one.unsupported).length;
  const all = citations.length;
  if (supported === 0) return [plain(`None of the ${all} parts of the answer rests on the documents.`)];
  const [first] = documentShares(matrix, citations);
  return [
    plain(
      supported === all ? `All ${all} parts of the answer rest` : `${supported} of ${all} parts of the answer rest`,
    ),
    plain(' on the documents, most of all on '),
    quote({ text: first.title }),
    plain(' ('),
    share(first.share),
    plain(').'),
  ];
}

function unsupported({ text, support }: Citation, threshold: number | undefined): Phrase[] {
  const limit = threshold === undefined ? '' : `, and ${threshold} is asked for`;
  return [
    quote({ text }),
    plain(' does not rest on the documents: without them its log-probability '),
    plain(support === null || support <= 0 ? 'does not drop.' : `drops by ${formatAlone(support)} nats${limit}.`),
  ];
}

/** What part of the scores of supported citations each document has, on average; the largest first. */
function documentShares(matrix: Matrix, citations: readonly Citation[]): { title: string; share: number }[] {
  const totals = columnTotals(matrix);
  const counted = citations.flatMap(({ unsupported: not }, c) => (not || totals[c] === 0 ? [] : [c]));
  const shares = new Map<string, number>();
  for (const column of counted) {
    for (const { row, share: part } of sourcesOf(matrix, column)) {
      const { group } = matrix.rows[row];
      shares.set(group, (shares.get(group) ?? 0) + part / counted.length);
    }
  }
  const found = [...shares].map(([title, part]) => ({ title, share: part })).sort((a, b) => b.share - a.share);
  return found.length > 0 ? found : [{ title: matrix.rows[0]?.group ?? '', share: 0 }];
}

/** What is to be known of a part of the answer, in a few words each. */
export function factsOfCitation({ support, unsupported: isUnsupported, fit }: Citation): string[] {
  const facts: string[] = [];
  if (support !== null) facts.push(`support ${formatAlone(support)} nats`);
  if (fit?.r2 != null) facts.push(`R² ${fit.r2.toFixed(2)}`);
  if (fit?.held_out_r2 != null) facts.push(`held out ${fit.held_out_r2.toFixed(2)}`);
  if (isUnsupported) facts.push('no sources');
  return facts;
}
