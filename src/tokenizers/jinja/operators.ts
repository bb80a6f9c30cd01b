/** Python's operators. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { formatPercent } from './format.ts';
import {
  asFloat,
  asInt,
  Dict,
  defined,
  Generator,
  iterate,
  lengthOf,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Bits that an int may have. */
const MAX_BITS = 20_000;

export function binary(operator: string, left: Value, right: Value, budget: Budget): Value {
  defined(left);
  if (operator !== '%' || typeof left !== 'string') defined(right);
  // No operator gives None.
  const result = onNumbers(operator, left, right) ?? onSequences(operator, left, right, budget);
  if (result !== null) return result;
  throw new JinjaError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

/** Null for what are no numbers. */
export function onNumbers(operator: string, left: Value, right: Value): Value | null {
  const [a, b] = [asInt(left), asInt(right)];
  if (a !== null && b !== null) return onInts(operator, a, b);
  const [x, y] = [asFloat(left), asFloat(right)];
  return x === null || y === null ? null : onFloats(operator, x, y);
}

function onInts(operator: string, a: bigint, b: bigint): Value | null {
  if (b === 0n && (operator === '//' || operator === '%')) throw new JinjaError('integer division or modulo by zero');
  switch (operator) {
    case '+':
      return bounded(a + b);
    case '-':
      return bounded(a - b);
    case '*':
      return bounded(a * b);
    case '//':
      return (a - modulo(a, b)) / b;
    case '%':
      return modulo(a, b);
    case '**':
      if (b < 0n) return onFloats(operator, Number(a), Number(b));
      if (BigInt(a.toString(2).length) * b > BigInt(MAX_BITS)) throw tooLarge();
      return a ** b;
    default:
      return onFloats(operator, Number(a), Number(b));
  }
}

function bounded(value: bigint): bigint {
  if (BigInt.asIntN(MAX_BITS, value) !== value) throw tooLarge();
  return value;
}

function tooLarge(): JinjaError {
  return new JinjaError(`an integer has more than ${MAX_BITS} bits`);
}

/** The remainder has the sign of the divisor. */
function modulo(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function onFloats(operator: string, a: number, b: number): number | null {
  if (b === 0 && '//%'.includes(operator)) throw new JinjaError('division by zero');
  if (a === 0 && b < 0 && operator === '**') throw new JinjaError('0.0 cannot be raised to a negative power');
  const rest = a - b * Math.floor(a / b);
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return rest;
    case '**':
      if (a < 0 && !Number.isInteger(b)) throw new JinjaError('complex numbers are not supported');
      return a ** b;
    default:
      return null;
  }
}

function onSequences(operator: string, left: Value, right: Value, budget: Budget): Value | null {
  if (operator === '%' && typeof left === 'string') return formatPercent(left, right, budget);
  if (operator === '*') {
    const count = asInt(right) ?? asInt(left);
    return count === null ? null : repeat(asInt(right) === null ? right : left, count, budget);
  }
  if (operator !== '+') return null;
  if (typeof left === 'string' && typeof right === 'string') {
    budget.spend(left.length + right.length);
    return left + right;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    budget.spend(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    budget.spend(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  return null;
}

function repeat(sequence: Value, times: bigint, budget: Budget): Value | null {
  const length = lengthOf(sequence);
  if (length === null || !(typeof sequence === 'string' || Array.isArray(sequence) || sequence instanceof Tuple)) {
    return null;
  }
  const count = times > 0n ? Number(times) : 0;
  budget.spend(length * count);
  if (typeof sequence === 'string') return sequence.repeat(count);
  const items = sequence instanceof Tuple ? sequence.items : sequence;
  const repeated = Array.from({ length: count }, () => items).flat();
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
}

export function unary(operator: '-' | '+', value: Value): Value {
  defined(value);
  const int = asInt(value);
  if (int !== null) return operator === '-' ? -int : int;
  if (typeof value === 'number') return operator === '-' ? -value : value;
  throw new JinjaError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}

export function isEqual(a: Value, b: Value): boolean {
  const [x, y] = [asFloat(a), asFloat(b)];
  if (x !== null && y !== null) {
    const [i, j] = [asInt(a), asInt(b)];
    return i !== null && j !== null ? i === j : x === y;
  }
  if (a instanceof Undefined && b instanceof Undefined) return true;
  if (Array.isArray(a) && Array.isArray(b)) return areEqual(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return areEqual(a.items, b.items);
  if (a instanceof Range && b instanceof Range) return areEqual(a.toArray(), b.toArray());
  if (a instanceof Dict && b instanceof Dict) {
    return a.size === b.size && a.entries().every(([key, value]) => b.has(key) && isEqual(value, b.get(key) ?? null));
  }
  return a === b;
}

function areEqual(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
}

/** Negative, zero or positive. @throws JinjaError for what has no order */
export function order(a: Value, b: Value, operator = '<'): number {
  const [x, y] = [asFloat(a), asFloat(b)];
  if (x !== null && y !== null) {
    const [i, j] = [asInt(a), asInt(b)];
    if (i !== null && j !== null) return i < j ? -1 : Number(i > j);
    return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
  }
  if (typeof a === 'string' && typeof b === 'string') return orderTexts(a, b);
  const items = (value: Value): readonly Value[] | null =>
    Array.isArray(value) ? value : value instanceof Tuple ? value.items : null;
  const [list, other] = [items(a), items(b)];
  if (list !== null && other !== null && Array.isArray(a) === Array.isArray(b))
    return orderLists(list, other, operator);
  defined(a);
  defined(b);
  throw new JinjaError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** By code points: a pair of surrogates sorts after all single units. */
function orderTexts(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const [x, y] = [a.codePointAt(at) ?? -1, b.codePointAt(at) ?? -1];
  return x - y;
}

function orderLists(a: readonly Value[], b: readonly Value[], operator: string): number {
  const at = a.findIndex((item, index) => index >= b.length || !isEqual(item, b[index]));
  if (at < 0) return a.length - b.length;
  return at >= b.length ? 1 : order(a[at], b[at], operator);
}

export function compare(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(a, b);
    case '!=':
      return !isEqual(a, b);
    case '<':
      return order(a, b, operator) < 0;
    case '<=':
      return order(a, b, operator) <= 0;
    case '>':
      return order(a, b, operator) > 0;
    case '>=':
      return order(a, b, operator) >= 0;
    default:
      return contains(b, a) === (operator === 'in');
  }
}

/** `item in container`. */
function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item === 'string') return container.includes(item);
    throw new JinjaError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof Namespace || container === null || lengthOf(container) === null) {
    if (!(container instanceof Generator)) {
      throw new JinjaError(`argument of type '${typeName(container)}' is not iterable`);
    }
  }
  return iterate(container).some((other) => isEqual(other, item));
}
