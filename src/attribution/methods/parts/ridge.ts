/** Weighted ridge regression with an intercept, for surrogate models. */

export interface RidgeFit {
  /** [features] */
  coefficients: Float64Array;
  intercept: number;
  /** Weighted share of the variance that the fit explains; NaN where there is none to explain. */
  r2: number;
}

/**
 * Minimizes sum_i w_i (y_i - b - x_i c)^2 + penalty |c|^2 (Hoerl & Kennard 1970); the intercept b is free.
 * Solves the smaller of the two equivalent systems, [features] or [samples].
 * @param x - samples [samples * features], row-major
 * @param y - [samples]
 * @param weights - [samples], >= 0, not all 0
 * @param penalty - > 0
 */
export function ridge(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  weights: ArrayLike<number>,
  features: number,
  penalty: number,
): RidgeFit {
  const samples = y.length;
  const total = sum(weights);
  const means = new Float64Array(features);
  let meanY = 0;
  for (let i = 0; i < samples; i++) {
    const share = weights[i] / total;
    meanY += share * y[i];
    for (let j = 0; j < features; j++) means[j] += share * x[i * features + j];
  }
  // Rows scaled by the root of their weight, around the weighted mean: an ordinary ridge without intercept.
  const a = new Float64Array(samples * features);
  const b = new Float64Array(samples);
  for (let i = 0; i < samples; i++) {
    const root = Math.sqrt(weights[i]);
    b[i] = root * (y[i] - meanY);
    for (let j = 0; j < features; j++) a[i * features + j] = root * (x[i * features + j] - means[j]);
  }
  const coefficients = features <= samples ? primal(a, b, features, penalty) : dual(a, b, features, penalty);
  let intercept = meanY;
  let residual = 0;
  let variance = 0;
  for (let j = 0; j < features; j++) intercept -= coefficients[j] * means[j];
  for (let i = 0; i < samples; i++) {
    let fitted = 0;
    for (let j = 0; j < features; j++) fitted += a[i * features + j] * coefficients[j];
    residual += (b[i] - fitted) ** 2;
    variance += b[i] ** 2;
  }
  return { coefficients, intercept, r2: variance > 0 ? 1 - residual / variance : Number.NaN };
}

/** (A'A + penalty I)^-1 A'b */
function primal(a: Float64Array, b: Float64Array, features: number, penalty: number): Float64Array {
  const gram = new Float64Array(features * features);
  const right = new Float64Array(features);
  for (let i = 0; i < b.length; i++) {
    const row = a.subarray(i * features, (i + 1) * features);
    for (let j = 0; j < features; j++) {
      if (row[j] === 0) continue;
      right[j] += row[j] * b[i];
      for (let k = 0; k <= j; k++) gram[j * features + k] += row[j] * row[k];
    }
  }
  for (let j = 0; j < features; j++) gram[j * features + j] += penalty;
  return solve(gram, right);
}

/** A'(AA' + penalty I)^-1 b */
function dual(a: Float64Array, b: Float64Array, features: number, penalty: number): Float64Array {
  const samples = b.length;
  const gram = new Float64Array(samples * samples);
  for (let i = 0; i < samples; i++) {
    for (let k = 0; k <= i; k++) {
      let product = 0;
      for (let j = 0; j < features; j++) product += a[i * features + j] * a[k * features + j];
      gram[i * samples + k] = i === k ? product + penalty : product;
    }
  }
  const multipliers = solve(gram, b.slice());
  const coefficients = new Float64Array(features);
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < features; j++) coefficients[j] += a[i * features + j] * multipliers[i];
  }
  return coefficients;
}

/** Solves a positive definite system, given by its lower triangle, by Cholesky's method, in place. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let value = matrix[i * n + j];
      for (let k = 0; k < j; k++) value -= matrix[i * n + k] * matrix[j * n + k];
      matrix[i * n + j] = i === j ? Math.sqrt(value) : value / matrix[j * n + j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) right[i] -= matrix[i * n + k] * right[k];
    right[i] /= matrix[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) right[i] -= matrix[k * n + i] * right[k];
    right[i] /= matrix[i * n + i];
  }
  return right;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
