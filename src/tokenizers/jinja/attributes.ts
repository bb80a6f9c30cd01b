/** Attributes and items of values, as Jinja's sandbox gives them: what changes a value is out of reach. */

import type { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { isEqual } from './operators.ts';
import { repr } from './print.ts';
import { item, slice } from './sequences.ts';
import { STRING_METHODS } from './string-methods.ts';
import {
  type Args,
  Callable,
  Dict,
  DictView,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** `value.name`: an attribute or method, else the item of that name. */
export function attribute(value: Value, name: string, budget: Budget): Value {
  const own = ownAttribute(value, name, budget);
  if (own !== undefined) return own;
  const found = item(value, name);
  return found === undefined ? missing(value, name) : found;
}

/** `value[key]`: the item, else the attribute of that name. */
export function subscript(value: Value, key: Value, budget: Budget): Value {
  const found = item(value, key);
  if (found !== undefined) return found;
  if (typeof key === 'string') {
    const own = ownAttribute(value, key, budget);
    if (own !== undefined) return own;
  }
  return missing(value, key);
}

/** `value[start:stop:step]`. */
export function sliced(value: Value, parts: readonly Value[], budget: Budget): Value {
  if (value instanceof Undefined) throw new JinjaError(value.message);
  const part = slice(value, parts);
  if (part === null) throw new JinjaError(`'${typeName(value)}' object is not subscriptable`);
  if (typeof part === 'string' || Array.isArray(part)) budget.spend(part.length);
  return part;
}

function missing(value: Value, key: Value): Undefined {
  if (value instanceof Undefined) throw new JinjaError(value.message);
  const owner = value === null ? 'None' : `${typeName(value)} object`;
  return new Undefined(
    typeof key === 'string' ? `'${owner}' has no attribute '${key}'` : `${owner} has no element ${repr(key)}`,
  );
}

function ownAttribute(value: Value, name: string, budget: Budget): Value | undefined {
  if (value instanceof Undefined) throw new JinjaError(value.message);
  // Jinja's sandbox hides what begins with an underscore.
  if (name.startsWith('_')) return undefined;
  if (value instanceof Namespace || value instanceof Callable) {
    const { attributes } = value;
    return attributes.get(name);
  }
  const method = methodOf(value, name, budget);
  return method === undefined ? undefined : new Callable(name, method);
}

function methodOf(value: Value, name: string, budget: Budget): ((args: Args) => Value) | undefined {
  if (typeof value === 'string') {
    const method = STRING_METHODS.get(name);
    return method === undefined ? undefined : (args) => method(value, args, budget);
  }
  if (Array.isArray(value)) return listMethod(value, name) ?? (name === 'copy' ? () => [...value] : undefined);
  if (value instanceof Tuple) return listMethod(value.items, name);
  if (value instanceof Range) return listMethod(value.toArray(), name);
  if (value instanceof Dict) return dictMethod(value, name);
  if (typeof value === 'number' && name === 'is_integer') return () => Number.isInteger(value);
  return undefined;
}

function listMethod(items: readonly Value[], name: string): ((args: Args) => Value) | undefined {
  if (name === 'count') {
    return (args) => BigInt(items.filter((other) => isEqual(other, args.need('count', 0, 'value'))).length);
  }
  if (name !== 'index') return undefined;
  return (args) => {
    const at = items.findIndex((other) => isEqual(other, args.need('index', 0, 'value')));
    if (at < 0) throw new JinjaError(`${repr(args.positional[0])} is not in list`);
    return BigInt(at);
  };
}

function dictMethod(dict: Dict, name: string): ((args: Args) => Value) | undefined {
  switch (name) {
    case 'items':
    case 'keys':
    case 'values':
      return () => new DictView(name, dict);
    case 'get':
      return (args) => {
        const found = dict.get(args.need('get', 0, 'key'));
        return found === undefined ? args.or(1, 'default', null) : found;
      };
    case 'copy':
      return () => new Dict(dict.entries());
    default:
      return undefined;
  }
}
