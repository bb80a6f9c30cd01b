/** The filter `tojson` as transformers defines it: `json.dumps`, which escapes no HTML. */

import { JinjaError } from './errors.ts';
import { order } from './operators.ts';
import { reprFloat, str } from './print.ts';
import { asInt, Dict, Tuple, typeName, type Value } from './values.ts';

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** What each level is indented by; null: all on one line. */
  readonly indent: string | null;
  readonly separators: readonly [item: string, key: string];
  readonly sortKeys: boolean;
}

export function toJson(value: Value, options: JsonOptions, depth = 0): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return jsonFloat(value);
  if (typeof value === 'string') return quote(value, options.ensureAscii);
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    return enclose(
      items.map((item) => toJson(item, options, depth + 1)),
      '[',
      ']',
      options,
      depth,
    );
  }
  if (value instanceof Dict) {
    const entries = value.entries();
    if (options.sortKeys) entries.sort(([a], [b]) => order(a, b));
    const members = entries.map(([key, item]) => {
      return quote(jsonKey(key), options.ensureAscii) + options.separators[1] + toJson(item, options, depth + 1);
    });
    return enclose(members, '{', '}', options, depth);
  }
  throw new JinjaError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function enclose(parts: string[], open: string, close: string, options: JsonOptions, depth: number): string {
  const { indent, separators } = options;
  if (parts.length === 0) return open + close;
  if (indent === null) return open + parts.join(separators[0]) + close;
  const inner = `\n${indent.repeat(depth + 1)}`;
  return `${open}${inner}${parts.join(separators[0] + inner)}\n${indent.repeat(depth)}${close}`;
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return reprFloat(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function jsonKey(key: Value): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (asInt(key) !== null || typeof key === 'number') return str(key);
  throw new JinjaError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function quote(text: string, ensureAscii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ensureAscii) return quoted;
  // JSON.stringify escapes lone surrogates, as Python does where it keeps to ASCII.
  return Array.from({ length: quoted.length }, (_, at) => {
    const code = quoted.charCodeAt(at);
    return code <= 0x7f ? quoted[at] : `\\u${code.toString(16).padStart(4, '0')}`;
  }).join('');
}
