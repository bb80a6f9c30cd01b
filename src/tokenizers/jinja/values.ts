/**
 * Python's values as JavaScript's: an int is a bigint, a float a number, None null, a list an array. Texts are strings,
 * but their length and positions count code points.
 */

import { JinjaError } from './errors.ts';

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Value[]
  | Tuple
  | Dict
  | DictView
  | Range
  | Generator
  | Namespace
  | Callable
  | Undefined;

/** What a name that is not set stands for: empty, and an error where more is asked of it. */
export class Undefined {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export class Tuple {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** A mapping in the order of insertion, whose keys are compared as Python's: `1`, `1.0` and `true` are one key. */
export class Dict {
  readonly #entries = new Map<string, [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [key: Value, value: Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  static of(values: Readonly<Record<string, Value>>): Dict {
    return new Dict(Object.entries(values));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hash(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hash(key));
  }

  set(key: Value, value: Value): void {
    const id = hash(key);
    const known = this.#entries.get(id);
    this.#entries.set(id, [known === undefined ? key : known[0], value]);
  }

  entries(): [key: Value, value: Value][] {
    return [...this.#entries.values()];
  }

  keys(): Value[] {
    return this.entries().map(([key]) => key);
  }

  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }
}

/** `keys()`, `values()` and `items()` of a mapping. */
export class DictView {
  readonly kind: 'keys' | 'values' | 'items';
  readonly items: readonly Value[];

  constructor(kind: 'keys' | 'values' | 'items', dict: Dict) {
    this.kind = kind;
    this.items = kind === 'items' ? dict.entries().map((entry) => new Tuple(entry)) : dict[kind]();
  }
}

export class Range {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;

  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }

  get length(): number {
    const { start, stop, step } = this;
    const count = step > 0n ? (stop - start + step - 1n) / step : (start - stop - step - 1n) / -step;
    return count > 0n ? Number(count) : 0;
  }

  toArray(): bigint[] {
    return Array.from({ length: this.length }, (_, index) => this.start + BigInt(index) * this.step);
  }
}

/** What filters such as `map` give: can be run through once, and has no length. */
export class Generator {
  #items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.#items = items;
  }

  /** What is left, which is then gone. */
  take(): readonly Value[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}

/** `namespace()`: the one object that a template can change. Also `loop`, whose attributes cannot be set. */
export class Namespace {
  readonly attributes: Map<string, Value>;
  readonly kind: string;

  constructor(attributes: Iterable<readonly [string, Value]>, kind = 'Namespace') {
    this.attributes = new Map(attributes);
    this.kind = kind;
  }
}

/** Arguments of a call. */
export class Args {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;

  constructor(positional: readonly Value[], named: ReadonlyMap<string, Value> = new Map()) {
    this.positional = positional;
    this.named = named;
  }

  /** An argument by its place or its name. */
  get(index: number, name: string): Value | undefined {
    return index < this.positional.length ? this.positional[index] : this.named.get(name);
  }

  /** As `get`, with a default; None that is given is None. */
  or(index: number, name: string, otherwise: Value): Value {
    const value = this.get(index, name);
    return value === undefined ? otherwise : value;
  }

  /** @throws JinjaError where there are more, or others, than `names` */
  check(what: string, ...names: string[]): this {
    if (this.positional.length > names.length) {
      throw new JinjaError(`${what} takes at most ${names.length} arguments, got ${this.positional.length}`);
    }
    for (const name of this.named.keys()) {
      if (!names.includes(name)) throw new JinjaError(`${what} has no argument '${name}'`);
      if (names.indexOf(name) < this.positional.length) throw new JinjaError(`${what} got '${name}' twice`);
    }
    return this;
  }

  /** @throws JinjaError where the argument is missing */
  need(what: string, index: number, name: string): Value {
    const value = this.get(index, name);
    if (value === undefined) throw new JinjaError(`${what} needs the argument '${name}'`);
    return value;
  }
}

export class Callable {
  readonly name: string;
  readonly call: (args: Args) => Value;
  readonly attributes: ReadonlyMap<string, Value>;

  constructor(name: string, call: (args: Args) => Value, attributes: ReadonlyMap<string, Value> = new Map()) {
    this.name = name;
    this.call = call;
    this.attributes = attributes;
  }
}

/** Equal for keys that Python holds for equal. @throws JinjaError for what cannot be a key */
function hash(key: Value): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `n${Number(key)}`;
  if (typeof key === 'bigint' || typeof key === 'number') return `n${key}`;
  if (key === null) return 'None';
  if (key instanceof Undefined) return 'Undefined';
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hash))}`;
  throw new JinjaError(`unhashable type: '${typeName(key)}'`);
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return `dict_${value.kind}`;
  if (value instanceof Range) return 'range';
  if (value instanceof Generator) return 'generator';
  if (value instanceof Namespace) return value.kind;
  if (value instanceof Callable) return 'function';
  if (value instanceof Undefined) return 'Undefined';
  return { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }[typeof value as 'string'];
}

/** An undefined value allows no operation. */
export function defined(value: Value): Value {
  if (value instanceof Undefined) throw new JinjaError(value.message);
  return value;
}

/** An int or a bool as an int; null otherwise. */
export function asInt(value: Value): bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'boolean' ? BigInt(value) : null;
}

/** An int, a bool or a float as a float; null otherwise. */
export function asFloat(value: Value): number | null {
  if (typeof value === 'number') return value;
  const int = asInt(value);
  return int === null ? null : Number(int);
}

export function isTrue(value: Value): boolean {
  if (value instanceof Undefined) return false;
  if (value instanceof Namespace || value instanceof Callable || value instanceof Generator) return true;
  if (typeof value === 'object' && value !== null) return (lengthOf(value) ?? 1) > 0;
  return Boolean(value);
}

const HALVES = /[\ud800-\udfff]/;

/** The code points of a text; strings of single units where it has no pairs. */
export function characters(text: string): ArrayLike<string> {
  return HALVES.test(text) ? Array.from(text) : text;
}

/** Null for what has no length. */
export function lengthOf(value: Value): number | null {
  if (typeof value === 'string') return characters(value).length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple || value instanceof DictView) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Range) return value.length;
  if (value instanceof Undefined) return 0;
  return null;
}

/** What a loop runs through; null for what none can run through. A generator is used up by it. */
export function tryIterate(value: Value): readonly Value[] | null {
  if (typeof value === 'string') return Array.from(value);
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple || value instanceof DictView) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof Range) return value.toArray();
  if (value instanceof Generator) return value.take();
  if (value instanceof Undefined) return [];
  return null;
}

/** @throws JinjaError for what no loop can run through */
export function iterate(value: Value): readonly Value[] {
  const items = tryIterate(value);
  if (items === null) throw new JinjaError(`'${typeName(value)}' object is not iterable`);
  return items;
}

/** Values of JavaScript's objects, as they come in from outside. */
export function fromJs(value: unknown): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(fromJs);
  if (typeof value === 'object' && value !== null) {
    return new Dict(Object.entries(value).map(([key, item]) => [key, fromJs(item)] as const));
  }
  throw new TypeError(`a template cannot be given a ${typeof value}`);
}
