/** The variables of a template: each block that has its own sees those around it. */

import { Undefined, type Value } from './values.ts';

export class Scope {
  readonly #parent: Scope | null;
  readonly #values: Map<string, Value>;

  constructor(parent: Scope | null, values: Iterable<readonly [string, Value]> = []) {
    this.#parent = parent;
    this.#values = new Map(values);
  }

  get(name: string): Value {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#parent) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  /** Sets it here; a variable of the same name further out stays. */
  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
