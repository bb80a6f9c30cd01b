/** A result in words: which part of the answer came from which part of the input. */

import type { Result, ResultInfo } from '../../contract/result.ts';
import { type Link, sourcesOf, targetsOf } from './links.ts';
import { type Matrix, SOURCE } from './matrix.ts';
import { percent } from './scale.ts';
import { tokenReader } from './tokens.ts';
import { isWord, type Unit } from './units.ts';

/** A piece of a sentence: plain, a quotation of the text, or a share. */
export interface Phrase {
  text: string;
  kind: 'plain' | 'quote' | 'share';
}

/** What is looked at: a column, a row, or all. */
export interface Focus {
  column: number | null;
  row: number | null;
}

/** From which share on the strongest source is called the main one. */
const MAINLY = 0.4;
/** Links that are named where the whole answer is looked at. */
const MOST_LINKS = 3;

/** Characters of a quotation, which may be of a whole sentence. */
const MOST_QUOTED = 90;

export const plain = (text: string): Phrase => ({ text, kind: 'plain' });
export const share = (value: number): Phrase => ({ text: percent(value), kind: 'share' });

export function quote({ text }: Pick<Unit, 'text'>): Phrase {
  const whole = text.trim() || text;
  return {
    text: `“${whole.length > MOST_QUOTED ? `${whole.slice(0, MOST_QUOTED - 1).trimEnd()}…` : whole}”`,
    kind: 'quote',
  };
}

/** The sentence about a matrix; `matrix` has no rows where nothing was attributed. */
export function headline(matrix: Matrix, focus: Focus, { info, sequence }: Named): Phrase[] {
  const nameOf: NameOf = (unit) => named(unit, { info, sequence });
  if (matrix.rows.length === 0) return [plain('Nothing was attributed: step scores alone.')];
  if (focus.row !== null || focus.column !== null) return aboutChosen(matrix, focus, nameOf);
  return aboutMost(matrix, nameOf);
}

/** How a column is called. */
type NameOf = (unit: Unit) => Phrase[];

const quoted: NameOf = (unit) => [quote(unit)];

/** About a row, a column, or their cell; one of them is chosen. @param also - share from which a second source is named */
export function aboutChosen(matrix: Matrix, { row, column }: Focus, nameOf = quoted, also = 1): Phrase[] {
  if (row !== null && column !== null) return aboutCell(matrix, row, column);
  return row !== null ? aboutRow(matrix, row) : aboutColumn(matrix, column ?? 0, nameOf, also);
}

/** Whose numbers they are. */
export interface Named {
  info: Pick<ResultInfo, 'attributed_fn' | 'method' | 'contrasts'>;
  sequence: { index: number; target: Result['sequences'][number]['target']; attr_pos_start: number };
}

function aboutCell(matrix: Matrix, row: number, column: number): Phrase[] {
  const found = targetsOf(matrix, row).find((link) => link.column === column);
  const [from, to] = [quote(matrix.rows[row].unit), quote(matrix.columns[column])];
  if (found === undefined) return [from, plain(' does not come before '), to, plain('.')];
  return [
    from,
    plain(' is '),
    share(found.share),
    plain(' of what counted for '),
    to,
    plain(found.value < 0 ? ', against it.' : '.'),
  ];
}

function aboutRow(matrix: Matrix, row: number): Phrase[] {
  const subject = quote(matrix.rows[row].unit);
  const [first] = targetsOf(matrix, row);
  if (first === undefined || first.share === 0) return [subject, plain(' counted for nothing that was generated.')];
  return [
    subject,
    plain(' counted most for '),
    quote(matrix.columns[first.column]),
    plain(': '),
    share(first.share),
    plain(' of it.'),
  ];
}

function aboutColumn(matrix: Matrix, column: number, nameOf: NameOf, also = 1): Phrase[] {
  const [first, second] = inputsOf(matrix, column);
  if (first === undefined || first.share === 0)
    return [quote(matrix.columns[column]), plain(' came from nothing in particular.')];
  return [
    ...(hasBoth(matrix) ? [plain('Of the source, ')] : []),
    ...nameOf(matrix.columns[column]),
    plain(` came ${first.share >= MAINLY ? 'mostly' : 'most'} from `),
    quote(matrix.rows[first.row].unit),
    plain(' ('),
    share(first.share),
    plain(first.value < 0 ? ', against it)' : ')'),
    ...(second === undefined || (first.share >= MAINLY && second.share < also)
      ? []
      : [
          plain(' and '),
          quote(matrix.rows[second.row].unit),
          plain(' ('),
          share(second.share),
          plain(second.value < 0 ? ', against it)' : ')'),
        ]),
    plain('.'),
  ];
}

/** Where a source and the answer's own beginning both count, the source is what people ask for. */
function hasBoth({ rows }: Matrix): boolean {
  return rows.some(({ group }) => group === SOURCE) && rows.some(({ group }) => group !== SOURCE);
}

function inputsOf(matrix: Matrix, column: number): Link[] {
  const links = sourcesOf(matrix, column);
  return hasBoth(matrix) ? links.filter(({ row }) => matrix.rows[row].group === SOURCE) : links;
}

/** The clearest link of each of the strongest words. */
export function aboutMost(matrix: Matrix, nameOf = quoted): Phrase[] {
  const words = matrix.columns.flatMap((unit, column) => (isWord(unit) && !unit.forced ? [column] : []));
  if (words.length < 2) return aboutColumn(matrix, words[0] ?? 0, nameOf);
  const best = words
    .flatMap((column): Link[] => inputsOf(matrix, column).slice(0, 1))
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_LINKS)
    .sort((a, b) => a.column - b.column);
  if (best.length === 0) return aboutColumn(matrix, words[0], nameOf);
  return best.flatMap(({ row, column, share: size }, i) => [
    plain(i === 0 ? (hasBoth(matrix) ? 'Of the source, ' : '') : i === best.length - 1 ? ' and ' : ', '),
    ...(i === 0 ? nameOf(matrix.columns[column]) : [quote(matrix.columns[column])]),
    plain(i === 0 ? ' came most from ' : ' from '),
    quote(matrix.rows[row].unit),
    plain(' ('),
    share(size),
    plain(i === best.length - 1 ? ').' : ')'),
  ]);
}

/** Probabilities of a token stand for the token itself; other functions are named, and so is what it is compared with. */
function named(unit: Unit, { info, sequence }: Named): Phrase[] {
  const contrast = info.contrasts?.find((one) => one.role === 'attributed_fn' && one.sequence === sequence.index);
  const other = contrast?.contrast_tokens[unit.from - sequence.attr_pos_start];
  if (other !== undefined) {
    const read = tokenReader(contrast?.contrast_tokens ?? []);
    return [quote(unit), plain(' rather than '), quote(read(other))];
  }
  const ofToken =
    ['attention', 'value_zeroing'].includes(info.method) || /^(probability|logit)$/.test(info.attributed_fn);
  return ofToken ? [quote(unit)] : [plain(`The ${info.attributed_fn.replaceAll('_', ' ')} of `), quote(unit)];
}
