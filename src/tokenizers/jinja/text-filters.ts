/** Jinja's filters on texts. Other values are written out first, as Python's `str` does. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { formatPercent } from './format.ts';
import { toFixed } from './numbers.ts';
import { str } from './print.ts';
import { capitalize, lower, replace, splitAt, splitLines, strip } from './text.ts';
import {
  type Args,
  asFloat,
  asInt,
  characters,
  Dict,
  isTrue,
  iterate,
  lengthOf,
  Tuple,
  typeName,
  type Value,
} from './values.ts';

type TextFilter = (value: Value, args: Args, budget: Budget) => Value;

function intAt(args: Args, index: number, name: string, otherwise: number): number {
  const value = args.or(index, name, null);
  if (value === null) return otherwise;
  const int = asInt(value);
  if (int === null) throw new JinjaError(`'${name}' must be an int, not ${typeName(value)}`);
  return Number(int);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

function escapeHtml(value: Value): string {
  return str(value).replace(/[&<>'"]/g, (character) => HTML[character]);
}

/** Words begin after a hyphen, white space or an opening bracket, so that `they're` has one capital. */
function title(value: Value): string {
  return str(value)
    .split(/([-\s({[<]+)/u)
    .filter((part) => part !== '')
    .map(capitalizeWord)
    .join('');
}

function capitalizeWord(word: string): string {
  const [first = '', ...rest] = Array.from(word);
  return first.toUpperCase() + lower(rest.join(''));
}

function indent(value: Value, args: Args, budget: Budget): string {
  if (typeof value !== 'string') throw new JinjaError(`indent needs a str, not '${typeName(value)}'`);
  const width = args.or(0, 'width', 4n);
  const by = typeof width === 'string' ? width : ' '.repeat(Math.min(intAt(args, 0, 'width', 4), 10_000));
  const first = isTrue(args.or(1, 'first', false));
  const blank = isTrue(args.or(2, 'blank', false));
  const lines = splitLines(`${value}\n`);
  const indented = lines.map((line, at) => (at === 0 || (line === '' && !blank) ? line : by + line)).join('\n');
  const text = first ? by + indented : indented;
  budget.spend(text.length);
  return text;
}

function truncate(value: Value, args: Args): Value {
  const length = intAt(args, 0, 'length', 255);
  const size = lengthOf(value);
  if (size === null) throw new JinjaError(`object of type '${typeName(value)}' has no len()`);
  if (size <= length + intAt(args, 3, 'leeway', 5)) return value;
  const text = str(value);
  const end = str(args.or(2, 'end', '...'));
  const all = Array.from(text);
  const cut = all.slice(0, Math.max(0, length - characters(end).length)).join('');
  return (isTrue(args.or(1, 'killwords', false)) ? cut : splitAt(cut, ' ', 1, true)[0]) + end;
}

function center(value: Value, args: Args, budget: Budget): string {
  const text = str(value);
  const missing = Math.max(0, intAt(args, 0, 'width', 80) - characters(text).length);
  budget.spend(missing);
  const before = Math.floor(missing / 2) + (missing & (missing + characters(text).length) & 1);
  return ' '.repeat(before) + text + ' '.repeat(missing - before);
}

function fileSize(value: Value, args: Args): string {
  const bytes = asFloat(value) ?? (typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN);
  if (Number.isNaN(bytes)) throw new JinjaError(`filesizeformat needs a number, not ${str(value).slice(0, 60)}`);
  const binary = isTrue(args.or(0, 'binary', false));
  const base = binary ? 1024 : 1000;
  const units = binary
    ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']
    : ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const power = units.findIndex((_, index) => bytes < base ** (index + 2));
  const index = power < 0 ? units.length - 1 : power;
  return `${toFixed(bytes / base ** (index + 1), 1)} ${units[index]}`;
}

function quoteUrl(text: string, safe: RegExp): string {
  return Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return safe.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function urlEncode(value: Value): string {
  if (typeof value === 'string' || !(value instanceof Dict || Array.isArray(value) || value instanceof Tuple)) {
    return quoteUrl(str(value), /[\w.~/-]/);
  }
  const pairs = value instanceof Dict ? value.entries() : iterate(value).map((pair) => iterate(pair));
  if (pairs.some((pair) => pair.length !== 2)) throw new JinjaError('urlencode needs pairs of name and value');
  return pairs
    .map((pair) =>
      pair
        .map((part) =>
          quoteUrl(str(part), /[\w.~/ -]/)
            .replaceAll(' ', '+')
            .replaceAll('/', '%2F'),
        )
        .join('='),
    )
    .join('&');
}

function attributes(value: Value, args: Args): string {
  if (!(value instanceof Dict)) throw new JinjaError(`xmlattr needs a mapping, not '${typeName(value)}'`);
  const written = value
    .entries()
    .flatMap(([key, item]) => (item === null ? [] : [`${escapeHtml(key)}="${escapeHtml(item)}"`]));
  const leads = isTrue(args.or(0, 'autospace', true)) && written.length > 0;
  return (leads ? ' ' : '') + written.join(' ');
}

export const TEXT_FILTERS: readonly (readonly [name: string, filter: TextFilter])[] = [
  ['capitalize', (value) => capitalize(str(value))],
  ['center', center],
  ['e', escapeHtml],
  ['escape', escapeHtml],
  ['filesizeformat', fileSize],
  ['forceescape', escapeHtml],
  ['format', format],
  ['indent', indent],
  ['lower', (value) => lower(str(value))],
  ['replace', replaced],
  ['safe', str],
  ['string', str],
  ['title', title],
  ['trim', (value, args) => strip(str(value), chars(args))],
  ['truncate', truncate],
  ['upper', (value) => str(value).toUpperCase()],
  ['urlencode', urlEncode],
  ['wordcount', (value) => BigInt(str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
  ['xmlattr', attributes],
];

function chars(args: Args): string | null {
  const given = args.check('trim', 'chars').get(0, 'chars') ?? null;
  return given === null ? null : str(given);
}

function replaced(value: Value, args: Args, budget: Budget): string {
  const [from, to] = [str(args.need('replace', 0, 'old')), str(args.need('replace', 1, 'new'))];
  const text = replace(str(value), from, to, intAt(args, 2, 'count', -1));
  budget.spend(text.length);
  return text;
}

function format(value: Value, args: Args, budget: Budget): string {
  const named = Dict.of(Object.fromEntries(args.named));
  if (named.size > 0 && args.positional.length > 0) {
    throw new JinjaError("can't handle positional and keyword arguments at the same time");
  }
  return formatPercent(str(value), named.size > 0 ? named : new Tuple(args.positional), budget);
}
