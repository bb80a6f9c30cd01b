/** Compares numbers with golden numbers, by the rules that the golden files state. */

import assert from 'node:assert/strict';

/** A golden number: null is NaN, infinities are strings; lists nest by axis. */
export type Golden = null | number | string | Golden[];

/** A tensor of a golden file; `data` is null where it was left out for size. */
export interface GoldenTensor {
  shape: number[];
  dtype: string;
  data: Golden | null;
  omitted?: string;
}

/**
 * `rel_to_max`: relative to the largest golden value; `rel_to_column_max`: the same within each column (second axis:
 * the generated token); `rtol`: relative to each value. `atol` is added to each rule.
 */
export interface GoldenTolerance {
  rel_to_max?: number;
  rel_to_column_max?: number;
  rtol?: number;
  atol?: number;
}

/** Numbers with their row-major shape. */
export interface Numbers {
  shape: number[];
  data: ArrayLike<number>;
}

function toNumber(value: null | number | string): number {
  if (value === null) return Number.NaN;
  return typeof value === 'number' ? value : Number(value);
}

/**
 * The largest difference that `assertClose` has met since it was set to 0, relative to the largest number compared with,
 * where a tolerance is relative to it: for reports of how close a backend comes.
 */
export const met = { worst: 0 };

/** Nested golden numbers, flattened row by row with their shape. */
export function flatten(golden: Golden): Numbers {
  const shape: number[] = [];
  const data: number[] = [];
  const walk = (value: Golden, depth: number): void => {
    if (!Array.isArray(value)) {
      data.push(toNumber(value));
      return;
    }
    if (depth === shape.length) shape.push(value.length);
    assert.equal(value.length, shape[depth], 'the golden lists are ragged');
    for (const item of value) walk(item, depth + 1);
  };
  walk(golden, 0);
  return { shape, data };
}

function isTensor(golden: Golden | GoldenTensor): golden is GoldenTensor {
  return golden !== null && typeof golden === 'object' && !Array.isArray(golden);
}

/** The numbers of a golden tensor; an error when they were left out. */
export function numbers(golden: Golden | GoldenTensor): Numbers {
  if (!isTensor(golden)) return flatten(golden);
  if (golden.data === null) throw new Error(`The golden numbers are left out: ${golden.omitted}`);
  return { shape: golden.shape, data: flatten(golden.data).data };
}

/** The place of the row-major `index` in `shape`, such as `[2, 0]`. */
function place(index: number, shape: number[]): string {
  const axes: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    axes.unshift(index % shape[axis]);
    index = Math.floor(index / shape[axis]);
  }
  return `[${axes.join(', ')}]`;
}

function largest(values: Iterable<number>): number {
  let max = 0;
  for (const value of values) if (Number.isFinite(value)) max = Math.max(max, Math.abs(value));
  return max;
}

/**
 * Asserts that every number is as close to the golden one as each rule of the tolerance demands, that NaN and
 * infinities are at the same places, and that the shapes agree.
 * @param actual - numbers with a shape, or a plain list for one axis
 */
export function assertClose(
  actual: Numbers | ArrayLike<number>,
  expected: Golden | GoldenTensor,
  tolerance: GoldenTolerance,
  label: string,
): void {
  const got = 'shape' in actual ? actual : { shape: [actual.length], data: actual };
  const want = numbers(expected);
  assert.deepEqual(got.shape, want.shape, `${label}: shape`);
  assert.equal(got.data.length, want.data.length, `${label}: number of values`);
  const { rel_to_max: relMax, rel_to_column_max: relColumn, rtol, atol = 0 } = tolerance;
  assert.ok(relMax ?? relColumn ?? rtol ?? tolerance.atol, `${label}: the tolerance states no rule`);

  const values = Array.from(want.data);
  const columns = want.shape.length > 1 ? want.shape[1] : 1;
  const inner = want.shape.slice(2).reduce((product, size) => product * size, 1);
  const columnOf = (index: number) => Math.floor(index / inner) % columns;
  const globalMax = largest(values);
  const columnMax = new Array<number>(columns).fill(0);
  values.forEach((value, i) => {
    if (Number.isFinite(value)) columnMax[columnOf(i)] = Math.max(columnMax[columnOf(i)], Math.abs(value));
  });

  let wrong = 0;
  let worst = { index: -1, excess: 0, allowed: 0 };
  values.forEach((value, i) => {
    const found = got.data[i];
    let allowed = Number.POSITIVE_INFINITY;
    if (relMax !== undefined) allowed = Math.min(allowed, relMax * globalMax + atol);
    if (relColumn !== undefined) allowed = Math.min(allowed, relColumn * columnMax[columnOf(i)] + atol);
    if (rtol !== undefined) allowed = Math.min(allowed, rtol * Math.abs(value) + atol);
    if (allowed === Number.POSITIVE_INFINITY) allowed = atol;
    if (relMax !== undefined && Number.isFinite(value) && globalMax > 0)
      met.worst = Math.max(met.worst, Math.abs(found - value) / globalMax);
    const same = Number.isFinite(value) ? Math.abs(found - value) <= allowed : Object.is(found, value);
    if (same) return;
    wrong++;
    const excess = Math.abs(found - value) / allowed || Number.POSITIVE_INFINITY;
    if (worst.index < 0 || excess > worst.excess) worst = { index: i, excess, allowed };
  });
  if (wrong === 0) return;
  const { index, excess, allowed } = worst;
  assert.fail(
    `${label}: ${wrong} of ${values.length} values differ; at ${place(index, want.shape)} of [${want.shape}] ` +
      `got ${got.data[index]}, expected ${values[index]}, allowed difference ${allowed.toExponential(2)} ` +
      `(off by ${excess.toFixed(1)} times that; largest golden value ${globalMax.toPrecision(4)})`,
  );
}
