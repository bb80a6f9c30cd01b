/** The methods of Python's `str`. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { formatBraces } from './format.ts';
import {
  capitalize,
  codePointAt,
  isSpace,
  isTitle,
  lower,
  replace,
  splitAt,
  splitLines,
  splitSpaces,
  strip,
  swapCase,
  title,
} from './text.ts';
import { type Args, asInt, characters, Dict, isTrue, iterate, Tuple, typeName, type Value } from './values.ts';

type Method = (text: string, args: Args, budget: Budget) => Value;

/** A text among the arguments; the default where it is missing or None. */
function textAt(args: Args, index: number, name: string, otherwise: string | null = null): string | null {
  const value = args.or(index, name, null);
  if (value === null) return otherwise;
  if (typeof value === 'string') return value;
  throw new JinjaError(`'${name}' must be a str, not ${typeName(value)}`);
}

function needText(args: Args, index: number, name: string): string {
  const text = textAt(args, index, name);
  if (text === null) throw new JinjaError(`a str is needed for '${name}'`);
  return text;
}

function intAt(args: Args, index: number, name: string, otherwise: number): number {
  const value = args.or(index, name, null);
  if (value === null) return otherwise;
  const int = asInt(value);
  if (int === null) throw new JinjaError(`'${name}' must be an int, not ${typeName(value)}`);
  return Number(int);
}

function stripped(side: 'both' | 'left' | 'right'): Method {
  return (text, args) => strip(text, textAt(args.check('strip', 'chars'), 0, 'chars'), side);
}

function splitting(fromRight: boolean): Method {
  return (text, args) => {
    const separator = textAt(args.check('split', 'sep', 'maxsplit'), 0, 'sep');
    const limit = intAt(args, 1, 'maxsplit', -1);
    if (separator === '') throw new JinjaError('empty separator');
    return separator === null ? splitSpaces(text, limit, fromRight) : splitAt(text, separator, limit, fromRight);
  };
}

/** The text between two positions in code points, and where it begins. */
function part(text: string, args: Args): { part: string; start: number } {
  const all = characters(text);
  const place = (value: number): number => Math.max(0, value < 0 ? value + all.length : value);
  const start = place(intAt(args, 1, 'start', 0));
  const end = place(intAt(args, 2, 'end', all.length));
  return { part: Array.from(all).slice(start, end).join(''), start };
}

function affix(test: (text: string, affix: string) => boolean): Method {
  return (text, args) => {
    const affixes = args.need('startswith', 0, 'prefix');
    const { part: within } = part(text, args);
    const list = affixes instanceof Tuple ? affixes.items : [affixes];
    return list.some((item) => {
      if (typeof item !== 'string') {
        throw new JinjaError(`startswith and endswith take a str or a tuple of str, not ${typeName(item)}`);
      }
      return test(within, item);
    });
  };
}

function finding(fromRight: boolean, mustFind: boolean): Method {
  return (text, args) => {
    const { part: within, start } = part(text, args);
    const sought = needText(args, 0, 'sub');
    const at = fromRight ? within.lastIndexOf(sought) : within.indexOf(sought);
    if (at < 0 && mustFind) throw new JinjaError('substring not found');
    return BigInt(at < 0 ? -1 : codePointAt(within, at) + start);
  };
}

function partition(fromRight: boolean): Method {
  return (text, args) => {
    const separator = needText(args, 0, 'sep');
    if (separator === '') throw new JinjaError('empty separator');
    const at = fromRight ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return new Tuple(fromRight ? ['', '', text] : [text, '', '']);
    return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
  };
}

function padding(left: boolean, right: boolean): Method {
  return (text, args, budget) => {
    const missing = intAt(args, 0, 'width', 0) - characters(text).length;
    const fill = textAt(args, 1, 'fillchar', ' ') ?? ' ';
    if (characters(fill).length !== 1) throw new JinjaError('the fill character must be exactly one character long');
    if (missing <= 0) return text;
    budget.spend(missing);
    // Python puts the odd one of a centered text on the left where the width is odd.
    const before = !left
      ? 0
      : !right
        ? missing
        : Math.floor(missing / 2) + (missing & (missing + characters(text).length) & 1);
    return fill.repeat(before) + text + fill.repeat(missing - before);
  };
}

/** Whether a text has characters, and all of a kind. */
function every(pattern: RegExp): Method {
  return (text) => text !== '' && Array.from(text).every((character) => pattern.test(character));
}

function join(separator: string, args: Args, budget: Budget): string {
  const items = iterate(args.need('join', 0, 'iterable'));
  const texts = items.map((item, index) => {
    if (typeof item === 'string') return item;
    throw new JinjaError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
  });
  const joined = texts.join(separator);
  budget.spend(joined.length);
  return joined;
}

function zeroFill(text: string, args: Args, budget: Budget): string {
  const width = intAt(args, 0, 'width', 0);
  const missing = Math.max(0, width - characters(text).length);
  budget.spend(missing);
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function expandTabs(text: string, args: Args): string {
  const size = intAt(args, 0, 'tabsize', 8);
  let column = 0;
  let written = '';
  for (const character of text) {
    if (character === '\t') {
      const spaces = size > 0 ? size - (column % size) : 0;
      written += ' '.repeat(spaces);
      column += spaces;
    } else {
      written += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return written;
}

function translate(text: string, args: Args): string {
  const table = args.need('translate', 0, 'table');
  if (!(table instanceof Dict)) throw new JinjaError('translate takes a mapping');
  return Array.from(text, (character) => {
    const to = table.get(BigInt(character.codePointAt(0)!));
    if (to === undefined) return character;
    return to === null ? '' : typeof to === 'string' ? to : String.fromCodePoint(Number(asInt(to) ?? 0));
  }).join('');
}

const IS_CASED = /[\p{Lu}\p{Ll}\p{Lt}]/u;

export const STRING_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['capitalize', capitalize],
  ['casefold', (text) => lower(text.replaceAll('ß', 'ss').replaceAll('ς', 'σ'))],
  ['center', padding(true, true)],
  ['count', (text, args) => countIn(part(text, args).part, needText(args, 0, 'sub'))],
  ['encode', () => unsupported('encode')],
  ['endswith', affix((text, suffix) => text.endsWith(suffix))],
  ['expandtabs', expandTabs],
  ['find', finding(false, false)],
  ['format', (text, args, budget) => formatBraces(text, args, budget)],
  ['format_map', () => unsupported('format_map')],
  ['index', finding(false, true)],
  ['isalnum', every(/[\p{L}\p{N}]/u)],
  ['isalpha', every(/\p{L}/u)],
  ['isascii', (text) => Buffer.byteLength(text) === text.length],
  ['isdecimal', every(/\p{Nd}/u)],
  ['isdigit', every(/[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨]/u)],
  ['isidentifier', (text) => /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u.test(text)],
  ['islower', (text) => IS_CASED.test(text) && text === text.toLowerCase()],
  ['isnumeric', every(/\p{N}/u)],
  ['isprintable', (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text)],
  ['isspace', (text) => text !== '' && Array.from(text).every(isSpace)],
  ['istitle', isTitle],
  ['isupper', (text) => IS_CASED.test(text) && text === text.toUpperCase()],
  ['join', join],
  ['ljust', padding(false, true)],
  ['lower', lower],
  ['lstrip', stripped('left')],
  ['maketrans', () => unsupported('maketrans')],
  ['partition', partition(false)],
  ['removeprefix', (text, args) => without(text, needText(args, 0, 'prefix'), true)],
  ['removesuffix', (text, args) => without(text, needText(args, 0, 'suffix'), false)],
  [
    'replace',
    (text, args, budget) => {
      const [from, to] = [needText(args, 0, 'old'), needText(args, 1, 'new')];
      const replaced = replace(text, from, to, intAt(args, 2, 'count', -1));
      budget.spend(replaced.length);
      return replaced;
    },
  ],
  ['rfind', finding(true, false)],
  ['rindex', finding(true, true)],
  ['rjust', padding(true, false)],
  ['rpartition', partition(true)],
  ['rsplit', splitting(true)],
  ['rstrip', stripped('right')],
  ['split', splitting(false)],
  ['splitlines', (text, args) => splitLines(text, isTrue(args.or(0, 'keepends', false)))],
  ['startswith', affix((text, prefix) => text.startsWith(prefix))],
  ['strip', stripped('both')],
  ['swapcase', swapCase],
  ['title', title],
  ['translate', translate],
  ['upper', (text) => text.toUpperCase()],
  ['zfill', zeroFill],
]);

function countIn(text: string, sought: string): bigint {
  return BigInt(sought === '' ? characters(text).length + 1 : text.split(sought).length - 1);
}

function without(text: string, affix: string, isPrefix: boolean): string {
  if (affix === '') return text;
  if (isPrefix) return text.startsWith(affix) ? text.slice(affix.length) : text;
  return text.endsWith(affix) ? text.slice(0, -affix.length) : text;
}

function unsupported(name: string): never {
  throw new JinjaError(`the method 'str.${name}' is not supported; write the template without it`);
}
