/** Jinja's filters: `x | join(', ')`. Those on texts are in text-filters.ts. */

import { attribute, subscript } from './attributes.ts';
import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { type JsonOptions, toJson } from './json.ts';
import { round } from './numbers.ts';
import { binary, order } from './operators.ts';
import { repr, str } from './print.ts';
import { item } from './sequences.ts';
import { runTest } from './tests.ts';
import { TEXT_FILTERS } from './text-filters.ts';
import {
  Args,
  asFloat,
  asInt,
  Dict,
  DictView,
  defined,
  Generator,
  isTrue,
  iterate,
  lengthOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

export type Filter = (value: Value, args: Args, budget: Budget) => Value;

const isText = (value: Value | undefined): value is string => typeof value === 'string';

function intOf(value: Value | undefined, otherwise: bigint): bigint {
  if (value === undefined) return otherwise;
  const int = asInt(value);
  if (int === null) throw new JinjaError(`an integer is needed, got '${typeName(value)}'`);
  return int;
}

/** A function that follows `a.b.0` into a value, or returns the value where no attribute is named. */
function getter(path: Value | undefined, budget: Budget, otherwise?: Value): (value: Value) => Value {
  if (path === undefined || path === null) return (value) => value;
  const parts = isText(path) ? path.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)) : [path];
  return (value) =>
    parts.reduce<Value>((found, part) => {
      const next = subscript(found, part, budget);
      return next instanceof Undefined && otherwise !== undefined ? otherwise : next;
    }, value);
}

/** Ordering that ignores capitals, unless the filter is told otherwise. */
function folded(value: Value, caseSensitive: Value | undefined): Value {
  return isText(value) && !isTrue(caseSensitive ?? false) ? value.toLowerCase() : value;
}

function byOrder(items: readonly Value[], key: (value: Value) => Value, reverse: boolean): Value[] {
  const keyed = items.map((value) => [key(value), value] as const);
  return keyed.sort(([a], [b]) => (reverse ? order(b, a) : order(a, b))).map(([, value]) => value);
}

function sort(value: Value, args: Args, budget: Budget): Value {
  args.check('sort', 'reverse', 'case_sensitive', 'attribute');
  const paths = args.get(2, 'attribute');
  const getters = (isText(paths) ? paths.split(',') : [paths]).map((path) => getter(path, budget));
  const key = (of: Value): Value => {
    const keys = getters.map((get) => folded(get(of), args.get(1, 'case_sensitive')));
    return keys.length === 1 ? keys[0] : new Tuple(keys);
  };
  return byOrder(iterate(value), key, isTrue(args.or(0, 'reverse', false)));
}

function extreme(sign: 1 | -1): Filter {
  return (value, args, budget) => {
    const get = getter(args.get(1, 'attribute'), budget);
    const key = (of: Value): Value => folded(get(of), args.get(0, 'case_sensitive'));
    const [first, ...rest] = iterate(value);
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.');
    return rest.reduce((best, next) => (order(key(next), key(best)) * sign > 0 ? next : best), first);
  };
}

function sum(value: Value, args: Args, budget: Budget): Value {
  const get = getter(args.get(0, 'attribute'), budget);
  return iterate(value).reduce<Value>((total, next) => binary('+', total, get(next), budget), args.or(1, 'start', 0n));
}

function unique(value: Value, args: Args, budget: Budget): Value {
  const get = getter(args.get(1, 'attribute'), budget);
  const seen = new Dict();
  const kept = iterate(value).filter((next) => {
    const key = folded(get(next), args.get(0, 'case_sensitive'));
    if (seen.has(key)) return false;
    seen.set(key, true);
    return true;
  });
  return new Generator(kept);
}

function groupBy(value: Value, args: Args, budget: Budget): Value {
  const get = getter(args.need('groupby', 0, 'attribute'), budget, args.get(1, 'default'));
  const key = (of: Value): Value => folded(get(of), args.get(2, 'case_sensitive'));
  const groups = new Dict();
  for (const next of byOrder(iterate(value), key, false)) {
    const known = groups.get(key(next));
    if (known instanceof Tuple && Array.isArray(known.items[1])) known.items[1].push(next);
    else groups.set(key(next), new Tuple([get(next), [next]]));
  }
  return groups.values();
}

/** `map('filter', …)` and `map(attribute='name')`. */
function map(value: Value, args: Args, budget: Budget): Value {
  const [name, ...rest] = args.positional;
  if (!isTrue(value)) return new Generator([]);
  if (name === undefined) {
    args.check('map', 'attribute', 'default');
    const get = getter(args.named.get('attribute'), budget, args.named.get('default'));
    if (!args.named.has('attribute')) throw new JinjaError('map requires a filter argument');
    return new Generator(iterate(value).map(get));
  }
  const given = new Args(rest, args.named);
  return new Generator(iterate(value).map((next) => runFilter(str(name), next, given, budget)));
}

/** `select`, `reject`, and the two by an attribute; without a test what is true is taken. */
function selecting(wanted: boolean, byAttribute: boolean): Filter {
  return (value, args, budget) => {
    if (!isTrue(value)) return new Generator([]);
    const path = byAttribute ? args.need('selectattr', 0, 'attribute') : undefined;
    const get = getter(path, budget);
    const [test, ...rest] = args.positional.slice(byAttribute ? 1 : 0);
    const passes = (next: Value): boolean =>
      test === undefined ? isTrue(get(next)) : runTest(str(test), get(next), rest, { filters: FILTERS });
    return new Generator(iterate(value).filter((next) => passes(next) === wanted));
  };
}

function batch(value: Value, args: Args): Value {
  const size = Number(intOf(args.need('batch', 0, 'linecount'), 0n));
  const fill = args.or(1, 'fill_with', null);
  const items = iterate(value);
  if (size < 1) throw new JinjaError('batch needs a positive size');
  const batches: Value[][] = [];
  for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size));
  const last = batches.at(-1);
  if (fill !== null) while (last !== undefined && last.length < Math.min(size, 100_000)) last.push(fill);
  return new Generator(batches);
}

function slices(value: Value, args: Args): Value {
  const count = Number(intOf(args.need('slice', 0, 'slices'), 0n));
  const fill = args.or(1, 'fill_with', null);
  const items = iterate(value);
  if (count < 1 || count > 100_000) throw new JinjaError('slice needs a number of 1 to 100000');
  const size = Math.floor(items.length / count);
  const larger = items.length % count;
  let at = 0;
  const made = Array.from({ length: count }, (_, index) => {
    const end = at + size + (index < larger ? 1 : 0);
    const part = items.slice(at, end);
    at = end;
    if (fill !== null && index >= larger && larger > 0) part.push(fill);
    return part;
  });
  return new Generator(made);
}

function dictSort(value: Value, args: Args): Value {
  if (!(value instanceof Dict)) throw new JinjaError(`dictsort needs a mapping, not '${typeName(value)}'`);
  const by = args.or(1, 'by', 'key');
  if (by !== 'key' && by !== 'value') throw new JinjaError("You can only sort by either 'key' or 'value'");
  const entries = value.entries().map((entry) => new Tuple(entry));
  const key = (entry: Value): Value =>
    folded(item(entry, by === 'key' ? 0n : 1n) ?? null, args.get(0, 'case_sensitive'));
  return byOrder(entries, key, isTrue(args.or(2, 'reverse', false)));
}

function tojson(value: Value, args: Args, budget: Budget): Value {
  args.check('tojson', 'ensure_ascii', 'indent', 'separators', 'sort_keys');
  const given = args.or(1, 'indent', null);
  const indent = given === null ? null : isText(given) ? given : ' '.repeat(Math.min(Number(intOf(given, 0n)), 100));
  const separators = args.or(2, 'separators', null);
  const pair = separators === null ? [] : iterate(separators).map(str);
  const options: JsonOptions = {
    ensureAscii: isTrue(args.or(0, 'ensure_ascii', false)),
    indent,
    separators: [pair[0] ?? (indent === null ? ', ' : ','), pair[1] ?? ': '],
    sortKeys: isTrue(args.or(3, 'sort_keys', false)),
  };
  const text = toJson(value, options);
  budget.spend(text.length);
  return text;
}

function toInt(value: Value, args: Args): Value {
  defined(value);
  const otherwise = args.or(0, 'default', 0n);
  const base = Number(intOf(args.get(1, 'base'), 10n));
  if (isText(value)) {
    const prefix = { 2: '0b', 8: '0o', 16: '0x' }[base] ?? '';
    const text = value.trim().toLowerCase().replaceAll('_', '');
    const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
    const bare = prefix !== '' && digits.startsWith(prefix) ? digits.slice(2) : digits;
    const isNumber = bare !== '' && [...bare].every((digit) => Number.parseInt(digit, 36) < base);
    if (isNumber && bare.length <= 1000) {
      const int = [...bare].reduce((total, digit) => total * BigInt(base) + BigInt(Number.parseInt(digit, 36)), 0n);
      return sign === '-' ? -int : int;
    }
  }
  const float = isText(value) ? parseFloatText(value) : asFloat(value);
  return typeof value === 'bigint'
    ? value
    : float === null || !Number.isFinite(float)
      ? otherwise
      : BigInt(Math.trunc(float));
}

function parseFloatText(text: string): number | null {
  const trimmed = text.trim().replaceAll('_', '').toLowerCase();
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(trimmed)) return Number(trimmed);
  const special = /^([-+]?)(inf|infinity|nan)$/.exec(trimmed);
  if (special === null) return null;
  return special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
}

function toFloat(value: Value, args: Args): Value {
  defined(value);
  const float = isText(value) ? parseFloatText(value) : asFloat(value);
  return float === null ? args.or(0, 'default', 0) : float;
}

function rounding(value: Value, args: Args): Value {
  const digits = Number(intOf(args.get(0, 'precision'), 0n));
  const method = args.or(1, 'method', 'common');
  const float = asFloat(defined(value));
  if (float === null) throw new JinjaError(`round needs a number, not '${typeName(value)}'`);
  if (method === 'common') {
    const int = asInt(value);
    return int !== null && digits >= 0 ? int : int !== null ? BigInt(round(float, digits)) : round(float, digits);
  }
  if (method !== 'ceil' && method !== 'floor') throw new JinjaError('method must be common, ceil or floor');
  return Math[method](float * 10 ** digits) / 10 ** digits;
}

function join(value: Value, args: Args, budget: Budget): Value {
  const get = getter(args.get(1, 'attribute'), budget);
  const text = iterate(value)
    .map((next) => str(get(next)))
    .join(str(args.or(0, 'd', '')));
  budget.spend(text.length);
  return text;
}

function length(value: Value): Value {
  const size = lengthOf(value);
  if (size === null) throw new JinjaError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(size);
}

function withDefault(value: Value, args: Args): Value {
  const isMissing = value instanceof Undefined || (isTrue(args.or(1, 'boolean', false)) && !isTrue(value));
  return isMissing ? args.or(0, 'default_value', '') : value;
}

function items(value: Value): Value {
  if (value instanceof Undefined) return new Generator([]);
  if (!(value instanceof Dict)) throw new JinjaError('Can only get item pairs from a mapping.');
  return new Generator(new DictView('items', value).items);
}

function reversed(value: Value): Value {
  if (isText(value)) return Array.from(value).reverse().join('');
  return new Generator([...iterate(value)].reverse());
}

function absolute(value: Value): Value {
  const int = asInt(defined(value));
  if (int !== null) return int < 0n ? -int : int;
  if (typeof value === 'number') return Math.abs(value);
  throw new JinjaError(`bad operand type for abs(): '${typeName(value)}'`);
}

export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...TEXT_FILTERS,
  ['abs', absolute],
  ['attr', (value, args, budget) => attributeOnly(value, str(args.need('attr', 0, 'name')), budget)],
  ['batch', batch],
  ['count', length],
  ['d', withDefault],
  ['default', withDefault],
  ['dictsort', dictSort],
  ['first', (value) => end(iterate(value), 0, 'first')],
  ['float', toFloat],
  ['groupby', groupBy],
  ['int', toInt],
  ['items', items],
  ['join', join],
  ['last', (value) => end(iterate(value), -1, 'last')],
  ['length', length],
  ['list', (value) => [...iterate(value)]],
  ['map', map],
  ['max', extreme(1)],
  ['min', extreme(-1)],
  ['pprint', (value) => repr(value)],
  ['reject', selecting(false, false)],
  ['rejectattr', selecting(false, true)],
  ['reverse', reversed],
  ['round', rounding],
  ['select', selecting(true, false)],
  ['selectattr', selecting(true, true)],
  ['slice', slices],
  ['sort', sort],
  ['sum', sum],
  ['tojson', tojson],
  ['unique', unique],
]);

function end(list: readonly Value[], at: 0 | -1, name: string): Value {
  const found = list.at(at);
  return found === undefined ? new Undefined(`No ${name} item, sequence was empty.`) : found;
}

/** The filter `attr` looks at attributes alone, never at items. */
function attributeOnly(value: Value, name: string, budget: Budget): Value {
  const isItem = value instanceof Dict && value.has(name);
  return isItem
    ? new Undefined(`'${typeName(value)} object' has no attribute '${name}'`)
    : attribute(value, name, budget);
}

/** @throws JinjaError where there is no such filter */
export function runFilter(name: string, value: Value, args: Args, budget: Budget): Value {
  const filter = FILTERS.get(name);
  if (filter === undefined) {
    throw new JinjaError(`No filter named '${name}'; known are ${[...FILTERS.keys()].sort().join(', ')}`);
  }
  return filter(value, args, budget);
}
