/** The prompt that documents and a question make: whole, with some units left out, or without any document. */

import type { DocumentsRequest } from '../../contract/attribute-context-request.ts';
import type { DocumentUnit } from '../../document-units.ts';
import { fill, type Range } from '../../templates.ts';
import { render } from '../inputs.ts';
import type { ReadyModel } from '../model-store.ts';

export interface Prompt {
  text: string;
  /** Whether the chat template wrote its special tokens into it. */
  isChat: boolean;
  /** Characters of each unit; null where it was left out. */
  units: (Range | null)[];
  /** Characters of all documents, with their titles. */
  documents: Range;
}

/** Documents stand below each other with a blank line between. */
const BETWEEN = '\n\n';

/**
 * The prompt with the units that are kept.
 * @param kept - of each unit; null: no document at all, with what belongs to no unit
 * @throws {AttributionError} where the chat template refuses the conversation
 */
export function promptOf(
  request: DocumentsRequest,
  units: readonly DocumentUnit[],
  model: ReadyModel,
  kept: ((unit: number) => boolean) | null,
): Prompt {
  const written = kept === null ? { text: '', units: units.map(() => null) } : writeDocuments(request, units, kept);
  const { messages, template } = request;
  const query = request.query ?? messages?.at(-1)?.content ?? '';
  const filled = fill<'documents' | 'query'>(template, { documents: written.text, query });
  // Where there are no documents, the lines that parted them from the question go, too.
  const lead = written.text === '' ? filled.text.length - filled.text.trimStart().length : 0;
  const content = filled.text.slice(lead);
  const chat =
    messages === null ? null : render(model.tokenizer, [...messages.slice(0, -1), { ...lastOf(messages), content }]);
  const text = chat?.text ?? content;
  const place = chat === null ? 0 : placeOf(chat, messages?.length ?? 0, content);
  const from = place + (filled.ranges.documents?.[0] ?? 0) - lead;
  return {
    text,
    isChat: chat !== null,
    units: written.units.map((range) => range && [range[0] + from, range[1] + from]),
    documents: [from, from + written.text.length],
  };
}

const lastOf = <T>(items: readonly T[]): T => items[items.length - 1];

/** Where the content of the last message begins in the rendered text; templates may trim it. */
function placeOf(chat: ReturnType<typeof render>, count: number, content: string): number {
  const span = chat.spans.find(({ message }) => message === count - 1);
  const trimmed = content.trim();
  const at = chat.text.indexOf(trimmed, span?.start ?? 0);
  return Math.max(0, at) - (content.length - content.trimStart().length);
}

/** The documents with some of their units; one of which nothing is left is left out with its title. */
function writeDocuments(
  { documents }: DocumentsRequest,
  units: readonly DocumentUnit[],
  kept: (unit: number) => boolean,
): { text: string; units: (Range | null)[] } {
  let text = '';
  const ranges: (Range | null)[] = units.map(() => null);
  for (const [index, { title, text: whole }] of documents.entries()) {
    let own = '';
    let at = 0;
    const places: [unit: number, start: number, end: number][] = [];
    for (const [u, unit] of units.entries()) {
      if (unit.document !== index) continue;
      own += whole.slice(at, unit.start);
      at = unit.cut;
      if (!kept(u)) continue;
      places.push([u, own.length, own.length + unit.end - unit.start]);
      own += whole.slice(unit.start, unit.cut);
    }
    own += whole.slice(at);
    if (own.trim() === '') continue;
    const lead = `${text === '' ? '' : BETWEEN}${title === null ? '' : `${title}\n`}`;
    for (const [u, start, end] of places)
      ranges[u] = [text.length + lead.length + start, text.length + lead.length + end];
    text += lead + own;
  }
  return { text, units: ranges };
}
