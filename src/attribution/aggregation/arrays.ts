/** Arithmetic on score arrays [tokens, steps, ...]: along the last axis, along the tokens, and merged along an axis. */

import type { ScoreArray } from '../scores.ts';
import type { Span } from '../spans.ts';
import type { Reduction } from './functions.ts';

const product = (sizes: readonly number[]) => sizes.reduce((total, size) => total * size, 1);

/** One number for the last axis. */
export function reduceLast({ shape, data }: ScoreArray, reduce: Reduction): ScoreArray {
  const size = shape[shape.length - 1];
  const reduced = new Float32Array(product(shape.slice(0, -1)));
  for (let i = 0; i < reduced.length; i++) reduced[i] = reduce(data, i * size, size, 1);
  return { shape: shape.slice(0, -1), data: reduced };
}

/** Some units of the last axis, in the order given. */
export function takeLast({ shape, data }: ScoreArray, units: readonly number[]): ScoreArray {
  const size = shape[shape.length - 1];
  const rest = shape.slice(0, -1);
  const count = product(rest);
  const taken = new Float32Array(count * units.length);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < units.length; j++) taken[i * units.length + j] = data[i * size + units[j]];
  }
  return { shape: [...rest, units.length], data: taken };
}

/** Merges each group of neighbors along `axis` into one; groups cover the axis in order. */
export function mergeAxis(array: ScoreArray, axis: number, groups: readonly Span[], reduce: Reduction): ScoreArray {
  const { shape, data } = array;
  if (groups.length === shape[axis]) return array;
  const outer = product(shape.slice(0, axis));
  const inner = product(shape.slice(axis + 1));
  const merged = new Float32Array(outer * groups.length * inner);
  for (let o = 0; o < outer; o++) {
    groups.forEach(({ start, end }, g) => {
      const from = (o * shape[axis] + start) * inner;
      const to = (o * groups.length + g) * inner;
      for (let i = 0; i < inner; i++) merged[to + i] = reduce(data, from + i, end - start, inner);
    });
  }
  return { shape: [...shape.slice(0, axis), groups.length, ...shape.slice(axis + 1)], data: merged };
}

/** Some rows (tokens), in the order given. */
export function takeRows({ shape, data }: ScoreArray, rows: readonly number[]): ScoreArray {
  const size = product(shape.slice(1));
  const taken = new Float32Array(rows.length * size);
  rows.forEach((row, i) => void taken.set(data.subarray(row * size, (row + 1) * size), i * size));
  return { shape: [rows.length, ...shape.slice(1)], data: taken };
}

/** Two arrays of the same shape, value by value. */
export function combine(a: ScoreArray, b: ScoreArray, of: (x: number, y: number) => number): ScoreArray {
  return { shape: a.shape, data: a.data.map((value, i) => of(value, b.data[i])) };
}

/** Smallest divisor of normalization. */
const EPSILON = 1e-12;

/**
 * Divides every column by the sum of its absolute values over the tokens of all arrays together; signs are kept, NaN
 * counts as nothing and stays. The arrays agree in all axes but the first.
 */
export function normalizeColumns(arrays: readonly ScoreArray[]): ScoreArray[] {
  if (arrays.length === 0) return [];
  const columns = product(arrays[0].shape.slice(1));
  const totals = new Float64Array(columns);
  for (const { data } of arrays) {
    for (let i = 0; i < data.length; i++) {
      if (!Number.isNaN(data[i])) totals[i % columns] += Math.abs(data[i]);
    }
  }
  return arrays.map(({ shape, data }) => ({
    shape,
    data: data.map((value, i) => value / Math.max(totals[i % columns], EPSILON)),
  }));
}

/** Divides all values by the largest absolute value of all arrays. */
export function rescale(arrays: readonly ScoreArray[]): ScoreArray[] {
  let max = 0;
  for (const { data } of arrays) {
    for (const value of data) if (Math.abs(value) > max) max = Math.abs(value);
  }
  const divisor = Math.max(max, EPSILON);
  return arrays.map(({ shape, data }) => ({ shape, data: data.map((value) => value / divisor) }));
}
