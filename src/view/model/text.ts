/** Texts as a page shows them: paragraphs of units, turns of a conversation apart. */

import type { ResultSequence } from '../../contract/result.ts';
import { type Granularity, type Unit, unitsOf } from './units.ts';

export interface Paragraph {
  /** What stands above it. */
  title: string;
  /** Which way it runs. */
  direction: 'ltr' | 'rtl';
  /** Units, and text between them that is none. */
  pieces: (Unit | string)[];
  /** Whether it is what a chat template puts around messages. */
  template: boolean;
}

/** Paragraphs in reading order. */
export function paragraphsOf(sequence: ResultSequence, granularity: Granularity): Paragraph[] {
  const { source, target } = unitsOf(sequence, granularity);
  if (source.length > 0) return [paragraphOf('Source', source), paragraphOf('Answer', target)];
  if (!target.some(({ role }) => role !== null)) return [paragraphOf('', target)];
  return turns(target, sequence.attr_pos_start);
}

/** A paragraph for each message, and what lies between them with the message that follows. */
function turns(units: readonly Unit[], start: number): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let open: Unit[] = [];
  let role: string | null = null;
  const close = () => {
    if (open.length > 0) paragraphs.push({ ...paragraphOf(role ?? 'template', open), template: role === null });
    open = [];
  };
  for (const unit of units) {
    const its = unit.from >= start ? 'answer' : unit.role;
    if (its !== role) close();
    role = its;
    open.push(unit);
  }
  close();
  return paragraphs;
}

export function paragraphOf(title: string, pieces: (Unit | string)[]): Paragraph {
  return {
    title: title.charAt(0).toUpperCase() + title.slice(1),
    direction: direction(pieces),
    pieces,
    template: false,
  };
}

/** By its first letter, as browsers decide, which do not look into isolated parts. */
function direction(pieces: readonly (Unit | string)[]): 'ltr' | 'rtl' {
  const texts = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.special ? '' : piece.text));
  const letter = texts.map((text) => /\p{L}/u.exec(text)?.[0]).find(Boolean) ?? '';
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(letter)
    ? 'rtl'
    : 'ltr';
}

/** The first characters of what was given, for lists and tabs. */
export function excerpt({ source, target, attr_pos_start: start, ...rest }: ResultSequence, length = 80): string {
  const sequence = { source, target, attr_pos_start: start, ...rest };
  const units = unitsOf(sequence, 'token');
  const given = source.length > 0 ? units.source : units.target.filter(({ from }) => from < start);
  const text = given
    .filter(({ special }) => !special)
    .map((unit) => `${unit.space ? ' ' : ''}${unit.text}`)
    .join('')
    .trim();
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
