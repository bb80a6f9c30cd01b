/** A result in words: which part of the answer came from which part of the input. */

import type { Result, ResultInfo } from '../../contract/result.ts';
import { type Link, sourcesOf, targetsOf } from './links.ts';
import type { Matrix } from './matrix.ts';
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

const plain = (text: string): Phrase => ({ text, kind: 'plain' });
const quote = ({ text }: Pick<Unit, 'text'>): Phrase => ({ text: `“${text}”`, kind: 'quote' });
const share = (value: number): Phrase => ({ text: percent(value), kind: 'share' });

/** The sentence about a matrix; `matrix` has no rows where nothing was attributed. */
export function headline(matrix: Matrix, focus: Focus, { info, sequence }: Subject): Phrase[] {
  if (matrix.rows.length === 0) return [plain('Nothing was attributed: step scores alone.')];
  if (focus.row !== null && focus.column !== null) return aboutCell(matrix, focus.row, focus.column);
  if (focus.row !== null) return aboutRow(matrix, focus.row);
  if (focus.column !== null) return aboutColumn(matrix, focus.column, { info, sequence });
  return aboutAll(matrix, { info, sequence });
}

/** Whose numbers they are. */
export interface Subject {
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

function aboutColumn(matrix: Matrix, column: number, subject: Subject): Phrase[] {
  const [first, second] = inputsOf(matrix, column);
  if (first === undefined || first.share === 0)
    return [quote(matrix.columns[column]), plain(' came from nothing in particular.')];
  return [
    ...(hasBoth(matrix) ? [plain('Of the source, ')] : []),
    ...named(matrix.columns[column], subject),
    plain(` came ${first.share >= MAINLY ? 'mostly' : 'most'} from `),
    quote(matrix.rows[first.row].unit),
    plain(' ('),
    share(first.share),
    plain(first.value < 0 ? ', against it)' : ')'),
    ...(second === undefined || first.share >= MAINLY
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
  return rows.some(({ group }) => group === 'source') && rows.some(({ group }) => group !== 'source');
}

function inputsOf(matrix: Matrix, column: number): Link[] {
  const links = sourcesOf(matrix, column);
  return hasBoth(matrix) ? links.filter(({ row }) => matrix.rows[row].group === 'source') : links;
}

/** The clearest link of each of the strongest words. */
function aboutAll(matrix: Matrix, subject: Subject): Phrase[] {
  const words = matrix.columns.flatMap((unit, column) => (isWord(unit) && !unit.forced ? [column] : []));
  if (words.length === 0) return aboutColumn(matrix, 0, subject);
  if (words.length === 1) return aboutColumn(matrix, words[0], subject);
  const best = words
    .flatMap((column): Link[] => inputsOf(matrix, column).slice(0, 1))
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_LINKS)
    .sort((a, b) => a.column - b.column);
  if (best.length === 0) return aboutColumn(matrix, words[0], subject);
  return best.flatMap(({ row, column, share: size }, i) => [
    plain(i === 0 ? (hasBoth(matrix) ? 'Of the source, ' : '') : i === best.length - 1 ? ' and ' : ', '),
    ...(i === 0 ? named(matrix.columns[column], subject) : [quote(matrix.columns[column])]),
    plain(i === 0 ? ' came most from ' : ' from '),
    quote(matrix.rows[row].unit),
    plain(' ('),
    share(size),
    plain(i === best.length - 1 ? ').' : ')'),
  ]);
}

/** Probabilities of a token stand for the token itself; other functions are named, and so is what it is compared with. */
function named(unit: Unit, { info, sequence }: Subject): Phrase[] {
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
