/** Functions that a chat template can call: Jinja's, and those that transformers adds. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { str } from './print.ts';
import { strftime } from './strftime.ts';
import { type Args, asInt, Callable, Dict, iterate, Namespace, Range, typeName, type Value } from './values.ts';

/** Jinja's sandbox refuses longer ranges. */
const MAX_RANGE = 100_000;

export function createGlobals(budget: Budget): [name: string, value: Value][] {
  const functions: [string, (args: Args) => Value][] = [
    ['range', (args) => range(args, budget)],
    ['dict', dict],
    ['namespace', (args) => new Namespace([...entriesOf(args)].map(([key, value]) => [str(key), value] as const))],
    ['cycler', cycler],
    ['joiner', joiner],
    ['strftime_now', (args) => strftime(str(args.need('strftime_now', 0, 'format')), new Date())],
    [
      'raise_exception',
      (args) => {
        throw new JinjaError(str(args.need('raise_exception', 0, 'message')));
      },
    ],
  ];
  return functions.map(([name, call]) => [name, new Callable(name, call)]);
}

function range(args: Args, budget: Budget): Range {
  const parts = args.check('range', 'start', 'stop', 'step').positional.map((part) => {
    const int = asInt(part);
    if (int === null) throw new JinjaError(`'${typeName(part)}' object cannot be interpreted as an integer`);
    return int;
  });
  if (parts.length === 0) throw new JinjaError('range expected at least 1 argument, got 0');
  const [start, stop] = parts.length === 1 ? [0n, parts[0]] : parts;
  const step = parts[2] ?? 1n;
  if (step === 0n) throw new JinjaError('range() arg 3 must not be zero');
  const made = new Range(start, stop, step);
  if (made.length > MAX_RANGE) {
    throw new JinjaError(`Range too big. The sandbox blocks ranges larger than MAX_RANGE=${MAX_RANGE}`);
  }
  budget.spend(made.length);
  return made;
}

function entriesOf(args: Args): Iterable<readonly [Value, Value]> {
  const [first] = args.positional;
  const given: (readonly [Value, Value])[] =
    first === undefined
      ? []
      : first instanceof Dict
        ? first.entries()
        : iterate(first).map((pair) => {
            const [key, value] = iterate(pair);
            if (key === undefined || value === undefined) throw new JinjaError('dict needs pairs of key and value');
            return [key, value] as const;
          });
  return [...given, ...args.named];
}

function dict(args: Args): Value {
  return new Dict(entriesOf(args));
}

function cycler(args: Args): Value {
  const items = args.positional;
  if (items.length === 0) throw new JinjaError('at least one item has to be provided');
  let at = 0;
  const made = new Namespace([], 'Cycler');
  const show = (): void => {
    made.attributes.set('current', items[at % items.length]);
  };
  const next = (): Value => {
    const item = items[at++ % items.length];
    show();
    return item;
  };
  const reset = (): Value => {
    at = 0;
    show();
    return null;
  };
  show();
  made.attributes.set('next', new Callable('next', next));
  made.attributes.set('reset', new Callable('reset', reset));
  return made;
}

function joiner(args: Args): Value {
  const separator = str(args.or(0, 'sep', ', '));
  let isFirst = true;
  return new Callable('joiner', () => {
    const text = isFirst ? '' : separator;
    isFirst = false;
    return text;
  });
}
