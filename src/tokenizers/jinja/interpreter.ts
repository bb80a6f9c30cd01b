/** Runs a template. */

import type { Body, Signature, Statement, Target } from './ast.ts';
import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { Evaluator } from './evaluator.ts';
import { Loop } from './loop.ts';
import { str } from './print.ts';
import { Scope } from './scope.ts';
import { Args, Callable, Dict, isTrue, iterate, Namespace, Tuple, typeName, Undefined, type Value } from './values.ts';

/** How a body ended: `break` and `continue` leave the bodies around it, up to the loop. */
type End = 'done' | 'break' | 'continue';

type Of<T extends Statement['type']> = Extract<Statement, { type: T }>;

export class Interpreter {
  readonly #budget: Budget;
  readonly #evaluator: Evaluator;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#evaluator = new Evaluator(budget);
  }

  /** What a body writes. */
  render(body: Body, scope: Scope): string {
    const out: string[] = [];
    this.#run(body, scope, out);
    return out.join('');
  }

  #run(body: Body, scope: Scope, out: string[]): End {
    for (const statement of body) {
      this.#budget.spend(1);
      const end = this.#statement(statement, scope, out);
      if (end !== 'done') return end;
    }
    return 'done';
  }

  #statement(statement: Statement, scope: Scope, out: string[]): End {
    switch (statement.type) {
      case 'Data':
        this.#write(statement.text, out);
        return 'done';
      case 'Output':
        this.#write(str(this.#evaluator.evaluate(statement.node, scope)), out);
        return 'done';
      case 'If': {
        const branch = statement.branches.find(({ test }) => isTrue(this.#evaluator.evaluate(test, scope)));
        return this.#run(branch?.body ?? statement.otherwise, scope, out);
      }
      case 'For':
        this.#for(statement, scope, out, this.#evaluator.evaluate(statement.iterable, scope), 1);
        return 'done';
      case 'Set':
        this.#assign(statement.target, this.#evaluator.evaluate(statement.value, scope), scope);
        return 'done';
      case 'SetBlock': {
        const text = this.render(statement.body, new Scope(scope));
        const { filter } = statement;
        this.#assign(statement.target, filter === null ? text : this.#evaluator.evaluate(filter, scope, text), scope);
        return 'done';
      }
      case 'FilterBlock': {
        const text = this.render(statement.body, new Scope(scope));
        this.#write(str(this.#evaluator.evaluate(statement.filter, scope, text)), out);
        return 'done';
      }
      case 'Macro':
        scope.set(statement.name, this.#macro(statement.name, statement.signature, statement.body, scope));
        return 'done';
      case 'CallBlock':
        this.#callBlock(statement, scope, out);
        return 'done';
      case 'With': {
        const inner = new Scope(scope);
        for (const [target, value] of statement.assignments) {
          this.#assign(target, this.#evaluator.evaluate(value, scope), inner);
        }
        return this.#run(statement.body, inner, out);
      }
      case 'Break':
        return 'break';
      case 'Continue':
        return 'continue';
    }
  }

  #write(text: string, out: string[]): void {
    this.#budget.spend(text.length);
    out.push(text);
  }

  #for(statement: Of<'For'>, scope: Scope, out: string[], iterable: Value, depth: number): void {
    const { target, test, body, otherwise, recursive } = statement;
    const all = iterate(iterable);
    this.#budget.spend(all.length);
    const items = all.filter((item) => {
      if (test === null) return true;
      const inner = new Scope(scope);
      this.#assign(target, item, inner);
      return isTrue(this.#evaluator.evaluate(test, inner));
    });
    const again = (value: Value): string => {
      const written: string[] = [];
      this.#budget.nested(() => this.#for(statement, scope, written, value, depth + 1));
      return written.join('');
    };
    const loop = new Loop(items, depth, recursive ? again : null);
    let isWhole = false;
    for (const [index, item] of items.entries()) {
      const inner = new Scope(scope, [['loop', loop.at(index)]]);
      this.#assign(target, item, inner);
      const end = this.#run(body, inner, out);
      if (end === 'break') break;
      if (end === 'done') isWhole = true;
    }
    // In Jinja `else` also runs where `continue` or `break` ended every round.
    if (!isWhole) this.#run(otherwise, new Scope(scope), out);
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === 'Name') {
      scope.set(target.name, value);
    } else if (target.type === 'NSRef') {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace) || namespace.kind !== 'Namespace') {
        throw new JinjaError(`cannot assign attribute on non-namespace object '${target.name}'`);
      }
      namespace.attributes.set(target.attribute, value);
    } else {
      const items = iterate(value);
      if (items.length !== target.items.length) {
        throw new JinjaError(`expected ${target.items.length} values to unpack, got ${items.length}`);
      }
      for (const [index, inner] of target.items.entries()) this.#assign(inner, items[index], scope);
    }
  }

  #macro(name: string, signature: Signature, body: Body, scope: Scope): Callable {
    const uses = namesIn(body);
    const call = (args: Args): Value =>
      this.#budget.nested(() => this.render(body, this.#bind(name, signature, uses, args, scope)));
    return new Callable(name, call, new Map([['name', name]]));
  }

  /** The scope of a macro's body: its parameters, and what came beyond them. */
  #bind(name: string, { names, defaults }: Signature, uses: ReadonlySet<string>, args: Args, outer: Scope): Scope {
    const scope = new Scope(outer);
    const named = new Map(args.named);
    const caller = named.get('caller');
    if (!names.includes('caller')) named.delete('caller');
    for (const [index, parameter] of names.entries()) {
      const given = args.positional[index];
      const byName = named.get(parameter);
      if (given !== undefined && byName !== undefined) throw new JinjaError(`macro '${name}' got '${parameter}' twice`);
      named.delete(parameter);
      const fallback = defaults[index - (names.length - defaults.length)];
      const value = given === undefined ? byName : given;
      if (value !== undefined) scope.set(parameter, value);
      else if (fallback !== undefined) scope.set(parameter, this.#evaluator.evaluate(fallback, scope));
      else scope.set(parameter, new Undefined(`parameter '${parameter}' was not provided`));
    }
    const rest = args.positional.slice(names.length);
    if (rest.length > 0 && !uses.has('varargs')) {
      throw new JinjaError(`macro '${name}' takes not more than ${names.length} argument(s)`);
    }
    const [extra] = named.keys();
    if (extra !== undefined && !uses.has('kwargs')) {
      throw new JinjaError(`macro '${name}' takes no keyword argument '${extra}'`);
    }
    scope.set('varargs', new Tuple(rest));
    scope.set('kwargs', new Dict(named));
    if (!names.includes('caller')) scope.set('caller', caller ?? new Undefined('No caller defined'));
    return scope;
  }

  #callBlock({ call, signature, body }: Of<'CallBlock'>, scope: Scope, out: string[]): void {
    const callee = this.#evaluator.evaluate(call.node, scope);
    if (!(callee instanceof Callable)) throw new JinjaError(`'${typeName(callee)}' object is not callable`);
    const { positional, named } = this.#evaluator.args(call.args, scope);
    const caller = this.#macro('caller', signature, body, scope);
    this.#write(str(callee.call(new Args(positional, new Map([...named, ['caller', caller]])))), out);
  }
}

/** Variables that a body names: a macro takes more arguments than it has parameters where it looks at `varargs`. */
function namesIn(body: Body): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && node.type === 'Name' && 'name' in node) names.add(String(node.name));
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(body);
  return names;
}
