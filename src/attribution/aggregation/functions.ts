/** Functions that reduce several numbers to one: over the embedding axis, over heads, over the tokens of a span. */

import { Type } from 'typebox';

/** Reduces `count` values from `offset`, each `stride` after the one before. NaN marks what does not apply. */
export type Reduction = (data: Float32Array, offset: number, count: number, stride: number) => number;

function fold(start: number, step: (result: number, value: number) => number): Reduction {
  return (data, offset, count, stride) => {
    let result = start;
    for (let i = 0, at = offset; i < count; i++, at += stride) result = step(result, data[at]);
    return result;
  };
}

const sum = fold(0, (total, value) => total + value);

const absmax: Reduction = (data, offset, count, stride) => {
  let best = Number.NaN;
  for (let i = 0, at = offset; i < count; i++, at += stride) {
    const value = data[at];
    if (Math.abs(value) > Math.abs(best) || Number.isNaN(best)) best = value;
  }
  return best;
};

function vnorm(order: number): Reduction {
  if (order === 2) {
    const squares = fold(0, (total, value) => total + value * value);
    return (...where) => Math.sqrt(squares(...where));
  }
  const powers = fold(0, (total, value) => total + Math.abs(value) ** order);
  return (...where) => powers(...where) ** (1 / order);
}

const REDUCTIONS = {
  vnorm: vnorm(2),
  mean: ((data, offset, count, stride) => sum(data, offset, count, stride) / count) as Reduction,
  sum,
  absmax,
  prod: fold(1, (product, value) => product * value),
  min: fold(Number.POSITIVE_INFINITY, Math.min),
  max: fold(Number.NEGATIVE_INFINITY, Math.max),
};

/** Names of the functions, as Inseq has them. */
export type FunctionName = keyof typeof REDUCTIONS;

/** Every function with what it does. `absmax` passes over NaN; with the others NaN gives NaN. */
export const FUNCTIONS: Readonly<Record<FunctionName, string>> = {
  vnorm: 'the vector norm of order vnorm_ord',
  mean: 'the mean',
  sum: 'the sum',
  absmax: 'the value of largest magnitude, with its sign',
  prod: 'the product',
  min: 'the smallest value',
  max: 'the largest value',
};

export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as FunctionName[];

/** @param vnormOrder - order of `vnorm`, positive */
export function reduction(name: FunctionName, vnormOrder = 2): Reduction {
  return name === 'vnorm' ? vnorm(vnormOrder) : REDUCTIONS[name];
}

/** Schema of an optional function; `unset` says what null means. */
export function functionSchema(unset: string) {
  return Type.Unsafe<FunctionName | null>({
    enum: [...FUNCTION_NAMES, null],
    default: null,
    description: `${FUNCTION_NAMES.map((name) => `"${name}": ${FUNCTIONS[name]}`).join('; ')}. null: ${unset}.`,
  });
}

/** What a null function means where spans are merged. */
export const SPAN_FUNCTION = functionSchema(
  '"absmax" for attributions, and for step scores what suits them (the product of probabilities, the sum of entropies)',
);
