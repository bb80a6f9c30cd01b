/** Items and slices of lists, texts and mappings. */

import { JinjaError } from './errors.ts';
import { asInt, characters, Dict, Range, Tuple, typeName, type Value } from './values.ts';

/** `[start:stop:step]` of a sequence. */
export function slice(sequence: Value, parts: readonly Value[]): Value | null {
  const [start, stop, step] = parts.map((part) => {
    if (part === null) return null;
    const int = asInt(part);
    if (int === null) throw new JinjaError(`slice indices must be integers or None, not ${typeName(part)}`);
    return Number(int);
  });
  if (step === 0) throw new JinjaError('slice step cannot be zero');
  if (typeof sequence === 'string') {
    const from = characters(sequence);
    const all = (step ?? 1) === 1 && typeof from === 'string';
    const [first, last] = bounds(from.length, start, stop, step ?? 1);
    if (all) return sequence.slice(first, Math.max(first, last));
    return pick(from, first, last, step ?? 1).join('');
  }
  if (Array.isArray(sequence)) return pick(sequence, ...bounds(sequence.length, start, stop, step ?? 1), step ?? 1);
  if (sequence instanceof Tuple) {
    const { items } = sequence;
    return new Tuple(pick(items, ...bounds(items.length, start, stop, step ?? 1), step ?? 1));
  }
  if (sequence instanceof Range) {
    const [first, last] = bounds(sequence.length, start, stop, step ?? 1);
    const { start: from, step: by } = sequence;
    return new Range(from + BigInt(first) * by, from + BigInt(last) * by, by * BigInt(step ?? 1));
  }
  return null;
}

function bounds(length: number, start: number | null, stop: number | null, step: number): [number, number] {
  const least = step > 0 ? 0 : -1;
  const most = step > 0 ? length : length - 1;
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + length : at, least), most);
  const first = start === null ? (step > 0 ? least : most) : clamp(start);
  const last = stop === null ? (step > 0 ? most : least) : clamp(stop);
  return [first, last];
}

function pick<T>(from: ArrayLike<T>, first: number, last: number, step: number): T[] {
  const picked: T[] = [];
  for (let at = first; step > 0 ? at < last : at > last; at += step) picked.push(from[at]);
  return picked;
}

/** `sequence[index]` or `mapping[key]`; undefined where there is none. */
export function item(container: Value, key: Value): Value | undefined {
  if (container instanceof Dict) return isHashable(key) ? container.get(key) : undefined;
  const index = asInt(key);
  if (index === null) return undefined;
  const at = (length: number): number => Number(index < 0n ? index + BigInt(length) : index);
  if (typeof container === 'string') {
    const from = characters(container);
    return from[at(from.length)];
  }
  if (Array.isArray(container)) return container[at(container.length)];
  if (container instanceof Tuple) return container.items[at(container.items.length)];
  if (container instanceof Range) {
    const position = at(container.length);
    const isInside = position >= 0 && position < container.length;
    return isInside ? container.start + BigInt(position) * container.step : undefined;
  }
  return undefined;
}

function isHashable(key: Value): boolean {
  return typeof key !== 'object' || key === null || (key instanceof Tuple && key.items.every(isHashable));
}
