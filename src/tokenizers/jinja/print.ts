/** How Python writes values: `str` and `repr`. */

import { Callable, Dict, DictView, Generator, Namespace, Range, Tuple, Undefined, type Value } from './values.ts';

export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) return '';
  return repr(value);
}

export function repr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return reprText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return reprFloat(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Tuple) return reprTuple(value.items);
  if (value instanceof Dict) return reprDict(value.entries());
  if (value instanceof DictView) return `dict_${value.kind}([${value.items.map(repr).join(', ')}])`;
  if (value instanceof Range) return reprRange(value);
  if (value instanceof Namespace) return `<${value.kind} ${reprDict([...value.attributes])}>`;
  if (value instanceof Generator) return '<generator object>';
  if (value instanceof Callable) return `<function ${value.name}>`;
  return 'Undefined';
}

function reprTuple(items: readonly Value[]): string {
  return items.length === 1 ? `(${repr(items[0])},)` : `(${items.map(repr).join(', ')})`;
}

function reprDict(entries: readonly (readonly [key: Value, value: Value])[]): string {
  return `{${entries.map(([key, value]) => `${repr(key)}: ${repr(value)}`).join(', ')}}`;
}

function reprRange({ start, stop, step }: Range): string {
  return step === 1n ? `range(${start}, ${stop})` : `range(${start}, ${stop}, ${step})`;
}

/** The shortest digits that give the float again, with an exponent from 1e16 on and below 1e-4. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const text = value.toFixed(Math.max(0, mantissa.replace(/\D/g, '').length - 1 - power));
  return text.includes('.') ? text : `${text}.0`;
}

/** Characters that Python does not print as they are: separators but the space, controls, what is not assigned. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\' };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let written = '';
  for (const character of text) {
    if (character === quote) written += `\\${quote}`;
    else written += NAMED[character] ?? (HIDDEN.test(character) ? hex(character.codePointAt(0)!) : character);
  }
  return quote + written + quote;
}

function hex(code: number): string {
  const [letter, digits] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).padStart(Number(digits), '0')}`;
}
