/** The variable `loop` inside of a for loop. */

import { JinjaError } from './errors.ts';
import { isEqual } from './operators.ts';
import { type Args, Callable, Namespace, Tuple, Undefined, type Value } from './values.ts';

export class Loop {
  readonly #items: readonly Value[];
  readonly #depth: number;
  readonly #recurse: ((items: Value) => Value) | null;
  #changed: Tuple | null = null;

  /** @param recurse - runs the loop again over other items; null where it is not recursive */
  constructor(items: readonly Value[], depth: number, recurse: ((items: Value) => Value) | null) {
    this.#items = items;
    this.#depth = depth;
    this.#recurse = recurse;
  }

  /** `loop` while the item of an index is looked at. */
  at(index: number): Value {
    const items = this.#items;
    const { length } = items;
    const attributes: [string, Value][] = [
      ['index', BigInt(index + 1)],
      ['index0', BigInt(index)],
      ['revindex', BigInt(length - index)],
      ['revindex0', BigInt(length - index - 1)],
      ['first', index === 0],
      ['last', index === length - 1],
      ['length', BigInt(length)],
      ['depth', BigInt(this.#depth)],
      ['depth0', BigInt(this.#depth - 1)],
      ['previtem', neighbor(items, index - 1, 'previous')],
      ['nextitem', neighbor(items, index + 1, 'next')],
      ['cycle', new Callable('cycle', (args) => cycle(args, index))],
      ['changed', new Callable('changed', (args) => this.#hasChanged(args))],
    ];
    const recurse = this.#recurse;
    if (recurse === null) return new Namespace(attributes, 'LoopContext');
    return new Callable('loop', (args) => recurse(args.need('loop', 0, 'iterable')), new Map(attributes));
  }

  #hasChanged(args: Args): boolean {
    const now = new Tuple(args.positional);
    const before = this.#changed;
    this.#changed = now;
    return before === null || !isEqual(before, now);
  }
}

function neighbor(items: readonly Value[], at: number, name: string): Value {
  const found = items[at];
  return found === undefined ? new Undefined(`there is no ${name} item`) : found;
}

function cycle({ positional }: Args, index: number): Value {
  if (positional.length === 0) throw new JinjaError('no items for cycling given');
  return positional[index % positional.length];
}
