/** Python's format strings: `'%s' % value` and `'{}'.format(value)`. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { formatFloat, group } from './numbers.ts';
import { repr, reprFloat, str } from './print.ts';
import { item } from './sequences.ts';
import {
  type Args,
  asFloat,
  asInt,
  characters,
  Dict,
  defined,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Widths and precisions beyond this are refused. */
const MAX_WIDTH = 100_000;

const PERCENT =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\d+|\*)?(?:\.(?<digits>\d+|\*)?)?[hlL]?(?<type>[\s\S]?)/gu;

/** `template % value`. */
export function formatPercent(template: string, value: Value, budget: Budget): string {
  const given = value instanceof Tuple ? [...value.items] : [value];
  let used = 0;
  const next = (): Value => {
    if (used >= given.length) throw new JinjaError('not enough arguments for format string');
    return given[used++];
  };
  const text = template.replace(PERCENT, (all, ...rest) => {
    const groups: Record<string, string | undefined> = rest.at(-1);
    const { key, flags = '', type = '' } = groups;
    const hasPoint = all.includes('.');
    const number = (text: string | undefined): number => (text === '*' ? starred(next()) : Number(text ?? 0));
    const width = number(groups.width);
    const digits = hasPoint ? number(groups.digits) : null;
    if (type === '%') return '%';
    const argument = key === undefined ? next() : mapped(value, key);
    const written = percent(argument, type, flags, digits);
    budget.spend(check(width));
    return pad(written, width, flags);
  });
  // What could be a mapping may be left over.
  const isMapping = [Dict, Range, Undefined].some((kind) => value instanceof kind) || Array.isArray(value);
  if (used < given.length && !isMapping) {
    throw new JinjaError('not all arguments converted during string formatting');
  }
  return text;
}

function starred(value: Value): number {
  const int = asInt(value);
  if (int === null) throw new JinjaError('* wants int');
  return check(Number(int));
}

function mapped(value: Value, key: string): Value {
  if (!(value instanceof Dict)) throw new JinjaError('format requires a mapping');
  const found = value.get(key);
  if (found === undefined) throw new JinjaError(`the mapping has no key '${key}'`);
  return found;
}

function check(width: number): number {
  if (width > MAX_WIDTH) throw new JinjaError(`a width of ${width} is more than ${MAX_WIDTH}`);
  return width;
}

interface Written {
  /** `-`, `+`, a space, or nothing. */
  readonly sign: string;
  /** `0x` and the like. */
  readonly prefix: string;
  readonly body: string;
  readonly isNumber: boolean;
}

function percent(value: Value, type: string, flags: string, digits: number | null): Written {
  const text = (body: string): Written => ({ sign: '', prefix: '', body: cut(body, digits), isNumber: false });
  switch (type) {
    case 's':
      return text(str(value));
    case 'r':
    case 'a':
      return text(repr(value));
    case 'c':
      return text(typeof value === 'string' ? value : String.fromCodePoint(Number(asInt(value) ?? 0)));
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      const int = typeof value === 'number' && 'diu'.includes(type) ? BigInt(Math.trunc(value)) : asInt(defined(value));
      if (int === null) throw new JinjaError(`%${type} format: a real number is required, not ${typeName(value)}`);
      const base = type === 'o' ? 8 : 'xX'.includes(type) ? 16 : 10;
      const body = (int < 0n ? -int : int).toString(base).padStart(digits ?? 0, '0');
      const prefix = flags.includes('#') && base !== 10 ? `0${type}` : '';
      return { sign: signOf(int < 0n, flags), prefix, body: type === 'X' ? body.toUpperCase() : body, isNumber: true };
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const float = asFloat(defined(value));
      if (float === null) throw new JinjaError(`must be real number, not ${typeName(value)}`);
      const body = formatFloat(float, type, check(digits ?? 6), flags.includes('#'));
      return { sign: signOf(isNegative(float), flags), prefix: '', body, isNumber: true };
    }
    case '':
      throw new JinjaError('incomplete format');
    default:
      throw new JinjaError(`unsupported format character '${type}'`);
  }
}

function cut(text: string, digits: number | null): string {
  return digits === null ? text : Array.from(text).slice(0, digits).join('');
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

function signOf(negative: boolean, flags: string): string {
  if (negative) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

function pad({ sign, prefix, body, isNumber }: Written, width: number, flags: string): string {
  const missing = width - sign.length - prefix.length - characters(body).length;
  const whole = sign + prefix + body;
  if (missing <= 0) return whole;
  if (flags.includes('-')) return whole + ' '.repeat(missing);
  if (flags.includes('0') && isNumber) return sign + prefix + '0'.repeat(missing) + body;
  return ' '.repeat(missing) + whole;
}

const FIELD = /\{\{|\}\}|\{([^{}:!]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/gu;

/** `template.format(…)`. */
export function formatBraces(template: string, args: Args, budget: Budget): string {
  let automatic = 0;
  const argument = (name: string): Value => {
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/s.exec(name) ?? [];
    const index = first === '' ? automatic++ : /^\d+$/.test(first) ? Number(first) : null;
    const value = index === null ? args.named.get(first) : args.positional[index];
    if (value === undefined) throw new JinjaError(`the format string needs the argument '${first || index}'`);
    return follow(value, path);
  };
  return template.replace(FIELD, (all, name?: string, conversion?: string, spec?: string) => {
    if (all === '{{') return '{';
    if (all === '}}') return '}';
    if (name === undefined) throw new JinjaError(`Single '${all}' encountered in format string`);
    const value = argument(name.trim() === '' ? '' : name);
    const inner = (spec ?? '').replace(/\{([^{}]*)\}/g, (_, field: string) => str(argument(field)));
    const converted = conversion === undefined ? value : conversion === 's' ? str(value) : repr(value);
    const text = formatSpec(converted, inner);
    budget.spend(text.length);
    return text;
  });
}

function follow(value: Value, path: string): Value {
  let found = value;
  for (const [, attribute, key] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
    const name = attribute ?? key;
    const inner = attribute === undefined ? item(found, /^\d+$/.test(name) ? BigInt(name) : name) : undefined;
    const own = found instanceof Namespace ? found.attributes.get(name) : undefined;
    const next = inner === undefined ? own : inner;
    if (next === undefined) throw new JinjaError(`the format string finds no '${name}'`);
    found = next;
  }
  return found;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Python's format specification: `>10`, `.2f`, `,`. */
function formatSpec(value: Value, spec: string): string {
  if (value instanceof Undefined) return '';
  if (spec === '') return str(value);
  const match = SPEC.exec(spec);
  if (match === null) throw new JinjaError(`Invalid format specifier '${spec}'`);
  const [, fill, align, flags = '', sharp, zero, width = '0', separator, digits, type] = match;
  const precision = digits === undefined ? null : check(Number(digits));
  const isText = typeof value === 'string';
  const written = isText
    ? { sign: '', prefix: '', body: cut(value, precision), isNumber: false }
    : numberBySpec(value, { flags, sharp: sharp !== undefined, separator, precision, type });
  const missing = check(Number(width)) - (written.sign + written.prefix).length - characters(written.body).length;
  const whole = written.sign + written.prefix + written.body;
  if (missing <= 0) return whole;
  const padding = (fill ?? (zero && !align ? '0' : ' ')).repeat(missing);
  switch (align ?? (zero && written.isNumber ? '=' : written.isNumber ? '>' : '<')) {
    case '<':
      return whole + padding;
    case '>':
      return padding + whole;
    case '=':
      return written.sign + written.prefix + padding + written.body;
    default: {
      const left = (fill ?? ' ').repeat(Math.floor(missing / 2));
      return left + whole + (fill ?? ' ').repeat(Math.ceil(missing / 2));
    }
  }
}

interface NumberSpec {
  readonly flags: string;
  readonly sharp: boolean;
  readonly separator: string | undefined;
  readonly precision: number | null;
  readonly type: string | undefined;
}

function numberBySpec(value: Value, spec: NumberSpec): Written {
  const { flags, sharp, separator, precision, type } = spec;
  const grouped = (body: string): string => (separator === undefined ? body : group(body, separator));
  const int = asInt(value);
  if (int !== null && (type === undefined || 'dnbcoxX'.includes(type))) {
    if (typeof value === 'boolean' && type === undefined) {
      return { sign: '', prefix: '', body: str(value), isNumber: false };
    }
    if (type === 'c') return { sign: '', prefix: '', body: String.fromCodePoint(Number(int)), isNumber: false };
    const base = { b: 2, o: 8, x: 16, X: 16 }[type ?? 'd'] ?? 10;
    const digits = (int < 0n ? -int : int).toString(base);
    const body = grouped(type === 'X' ? digits.toUpperCase() : digits);
    return { sign: signOf(int < 0n, flags), prefix: sharp && base !== 10 ? `0${type}` : '', body, isNumber: true };
  }
  const float = asFloat(value);
  if (float === null || (type !== undefined && !'eEfFgGn%'.includes(type))) {
    throw new JinjaError(`a format specification for a number was given to '${typeName(value)}'`);
  }
  const sign = signOf(isNegative(float), flags);
  if (type === '%') {
    return { sign, prefix: '', body: `${grouped(formatFloat(float * 100, 'f', precision ?? 6))}%`, isNumber: true };
  }
  if (type === undefined && precision === null) {
    return { sign, prefix: '', body: grouped(reprFloat(Math.abs(float))), isNumber: true };
  }
  const body = formatFloat(float, type === undefined || type === 'n' ? 'g' : type, precision ?? 6, sharp);
  const whole = type === undefined && !/[.e]/.test(body) ? `${body}.0` : body;
  return { sign, prefix: '', body: grouped(whole), isNumber: true };
}
