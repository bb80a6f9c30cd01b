/** Jinja's tests: `x is defined`. */

import { JinjaError } from './errors.ts';
import { compare, isEqual, onNumbers } from './operators.ts';
import { str } from './print.ts';
import { asFloat, Callable, Dict, lengthOf, Namespace, tryIterate, Undefined, type Value } from './values.ts';

type Test = (value: Value, argument: Value) => boolean;

/** What a test needs of the world outside. */
export interface TestContext {
  readonly filters: { has(name: string): boolean };
}

function comparing(operator: string): Test {
  return (value, argument) => compare(operator, value, argument);
}

function isRemainder(value: Value, by: Value, remainder: bigint): boolean {
  if (asFloat(value) === null || asFloat(by) === null) throw new JinjaError('odd, even and divisibleby need numbers');
  return isEqual(onNumbers('%', value, by) ?? null, remainder);
}

/** Lists, texts and mappings: what has a length and can be run through. */
function isSequence(value: Value): boolean {
  return lengthOf(value) !== null;
}

function isIterable(value: Value): boolean {
  return lengthOf(value) !== null || (typeof value === 'object' && value !== null && isGenerator(value));
}

function isGenerator(value: Value): boolean {
  return !(value instanceof Namespace) && !(value instanceof Callable) && tryIterate(value) !== null;
}

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['boolean', (value) => typeof value === 'boolean'],
  ['callable', (value) => value instanceof Callable || value instanceof Undefined],
  ['defined', (value) => !(value instanceof Undefined)],
  ['undefined', (value) => value instanceof Undefined],
  ['divisibleby', (value, by) => isRemainder(value, by, 0n)],
  ['even', (value) => isRemainder(value, 2n, 0n)],
  ['odd', (value) => isRemainder(value, 2n, 1n)],
  ['escaped', () => false],
  ['false', (value) => value === false],
  ['true', (value) => value === true],
  ['none', (value) => value === null],
  ['float', (value) => typeof value === 'number'],
  ['integer', (value) => typeof value === 'bigint'],
  ['number', (value) => ['bigint', 'number', 'boolean'].includes(typeof value)],
  ['string', (value) => typeof value === 'string'],
  ['mapping', (value) => value instanceof Dict],
  ['iterable', isIterable],
  ['sequence', isSequence],
  ['lower', (value) => /\p{L}/u.test(str(value)) && str(value) === str(value).toLowerCase()],
  ['upper', (value) => /\p{L}/u.test(str(value)) && str(value) === str(value).toUpperCase()],
  ['in', comparing('in')],
  [
    'sameas',
    (value, other) =>
      value === other || (typeof value !== 'object' && isEqual(value, other) && typeof value === typeof other),
  ],
  ...['==', 'eq', 'equalto'].map((name) => [name, comparing('==')] as const),
  ...['!=', 'ne'].map((name) => [name, comparing('!=')] as const),
  ...['<', 'lt', 'lessthan'].map((name) => [name, comparing('<')] as const),
  ...['<=', 'le'].map((name) => [name, comparing('<=')] as const),
  ...['>', 'gt', 'greaterthan'].map((name) => [name, comparing('>')] as const),
  ...['>=', 'ge'].map((name) => [name, comparing('>=')] as const),
]);

/** Tests that need an argument. */
const WITH_ARGUMENT = /^(divisibleby|in|sameas|eq|equalto|ne|lt|lessthan|le|gt|greaterthan|ge|[!=<>]=?)$/;

/** @throws JinjaError where there is no such test */
export function runTest(name: string, value: Value, args: readonly Value[], context: TestContext): boolean {
  if (name === 'filter') return context.filters.has(str(value));
  if (name === 'test') return TESTS.has(str(value)) || ['filter', 'test'].includes(str(value));
  const test = TESTS.get(name);
  if (test === undefined) throw new JinjaError(`No test named '${name}'; known are ${[...TESTS.keys()].join(', ')}`);
  const wanted = WITH_ARGUMENT.test(name) ? 1 : 0;
  if (args.length !== wanted) {
    throw new JinjaError(`the test '${name}' takes ${wanted} argument${wanted === 1 ? '' : 's'}, got ${args.length}`);
  }
  return test(value, args[0] ?? null);
}
