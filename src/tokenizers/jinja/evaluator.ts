/** Evaluates expressions. */

import type { Arguments, Expression } from './ast.ts';
import { attribute, sliced, subscript } from './attributes.ts';
import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { FILTERS, runFilter } from './filters.ts';
import { binary, compare, unary } from './operators.ts';
import { str } from './print.ts';
import type { Scope } from './scope.ts';
import { runTest } from './tests.ts';
import { Args, Callable, Dict, isTrue, iterate, Tuple, typeName, Undefined, type Value } from './values.ts';

export class Evaluator {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @param filtered - what a filter block's body has written, for the filters that stand alone */
  evaluate(node: Expression, scope: Scope, filtered: string = ''): Value {
    this.#budget.spend(1);
    const value = (inner: Expression): Value => this.evaluate(inner, scope, filtered);
    switch (node.type) {
      case 'Const':
        return node.value;
      case 'Name':
        return scope.get(node.name);
      case 'List':
        return node.items.map(value);
      case 'Tuple':
        return new Tuple(node.items.map(value));
      case 'Dict':
        return new Dict(node.items.map(([key, item]) => [value(key), value(item)] as const));
      case 'CondExpr':
        if (isTrue(value(node.test))) return value(node.value);
        return node.otherwise === null
          ? new Undefined('the inline if-expression evaluated to false and no else section was defined')
          : value(node.otherwise);
      case 'And': {
        const left = value(node.left);
        return isTrue(left) ? value(node.right) : left;
      }
      case 'Or': {
        const left = value(node.left);
        return isTrue(left) ? left : value(node.right);
      }
      case 'Not':
        return !isTrue(value(node.node));
      case 'Unary':
        return unary(node.operator, value(node.node));
      case 'Binary':
        return binary(node.operator, value(node.left), value(node.right), this.#budget);
      case 'Concat': {
        const text = node.nodes.map((part) => str(value(part))).join('');
        this.#budget.spend(text.length);
        return text;
      }
      case 'Compare': {
        let left = value(node.first);
        for (const { operator, node: other } of node.rest) {
          const right = value(other);
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case 'Getattr':
        return attribute(value(node.node), node.name, this.#budget);
      case 'Getitem': {
        const { item } = node;
        if (item.type !== 'Slice') return subscript(value(node.node), value(item), this.#budget);
        const parts = [item.start, item.stop, item.step].map((part) => (part === null ? null : value(part)));
        return sliced(value(node.node), parts, this.#budget);
      }
      case 'Slice':
        throw new JinjaError('a slice stands alone in brackets');
      case 'Call':
        return this.#call(value(node.node), this.args(node.args, scope));
      case 'Filter':
        return runFilter(
          node.name,
          node.node === null ? filtered : value(node.node),
          this.args(node.args, scope),
          this.#budget,
        );
      case 'Test': {
        const { positional } = this.args(node.args, scope);
        return runTest(node.name, value(node.node), positional, { filters: FILTERS }) !== node.negated;
      }
    }
  }

  args({ positional, named, list, mapping }: Arguments, scope: Scope): Args {
    const values = positional.map((node) => this.evaluate(node, scope));
    const byName = new Map(named.map(([name, node]) => [name, this.evaluate(node, scope)]));
    if (list !== null) values.push(...iterate(this.evaluate(list, scope)));
    if (mapping !== null) {
      const more = this.evaluate(mapping, scope);
      if (!(more instanceof Dict)) throw new JinjaError(`argument after ** must be a mapping, not ${typeName(more)}`);
      for (const [key, value] of more.entries()) byName.set(str(key), value);
    }
    return new Args(values, byName);
  }

  #call(callee: Value, args: Args): Value {
    if (callee instanceof Undefined) throw new JinjaError(callee.message);
    if (!(callee instanceof Callable)) throw new JinjaError(`'${typeName(callee)}' object is not callable`);
    return callee.call(args);
  }
}
