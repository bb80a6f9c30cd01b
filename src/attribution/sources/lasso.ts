/**
 * A sparse linear model (Tibshirani 1996) by coordinate descent: least squares over 2n samples with an L1 penalty on the
 * weights of standardized columns, as scikit-learn's `Lasso` behind a `StandardScaler`.
 */

export interface LinearModel {
  /** In the units of the columns as they are. */
  weights: Float64Array;
  intercept: number;
}

const MOST_ROUNDS = 1_000;
/** Largest change of a weight after which a round ends the search, of the largest weight. */
const TOLERANCE = 1e-6;

/**
 * @param rows - samples of 0 and 1: [samples][columns]
 * @param targets - [samples]
 * @param alpha - weight of the penalty; 0: least squares
 */
export function lasso(rows: readonly Uint8Array[], targets: ArrayLike<number>, alpha: number): LinearModel {
  const samples = rows.length;
  const columns = rows[0]?.length ?? 0;
  const mean = (of: (sample: number) => number): number => {
    let sum = 0;
    for (let s = 0; s < samples; s++) sum += of(s);
    return sum / samples;
  };
  const means = Float64Array.from({ length: columns }, (_, j) => mean((s) => rows[s][j]));
  const scales = Float64Array.from({ length: columns }, (_, j) => Math.sqrt(mean((s) => (rows[s][j] - means[j]) ** 2)));
  const center = mean((s) => targets[s]);
  const standard = Array.from({ length: columns }, (_, j) =>
    Float64Array.from({ length: samples }, (_, s) => (scales[j] === 0 ? 0 : (rows[s][j] - means[j]) / scales[j])),
  );
  const residual = Float64Array.from({ length: samples }, (_, s) => targets[s] - center);
  const weights = new Float64Array(columns);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let change = 0;
    let largest = 0;
    for (let j = 0; j < columns; j++) {
      if (scales[j] === 0) continue; // a unit that was always kept, or never
      const column = standard[j];
      const before = weights[j];
      // Standardized columns have a mean square of 1.
      const slope = before + mean((s) => column[s] * residual[s]);
      const after = Math.sign(slope) * Math.max(0, Math.abs(slope) - alpha);
      if (after !== before) for (let s = 0; s < samples; s++) residual[s] -= (after - before) * column[s];
      weights[j] = after;
      change = Math.max(change, Math.abs(after - before));
      largest = Math.max(largest, Math.abs(after));
    }
    if (change <= TOLERANCE * largest) break;
  }
  const own = weights.map((weight, j) => (scales[j] === 0 ? 0 : weight / scales[j]));
  const intercept = center - own.reduce((sum, weight, j) => sum + weight * means[j], 0);
  return { weights: own, intercept };
}

/** What the model says of a sample. */
function predict({ weights, intercept }: LinearModel, row: Uint8Array): number {
  return row.reduce((sum, value, j) => sum + value * weights[j], intercept);
}

/** R2 and root mean squared error of the model on samples; null where there are too few, or they are all alike. */
export function goodness(
  model: LinearModel,
  rows: readonly Uint8Array[],
  targets: ArrayLike<number>,
): { r2: number | null; error: number | null } {
  if (rows.length === 0) return { r2: null, error: null };
  const values = Array.from({ length: rows.length }, (_, s) => targets[s]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value, s) => sum + (value - predict(model, rows[s])) ** 2, 0);
  const total = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const r2 = values.length < 2 || total === 0 ? null : 1 - squares / total;
  return { r2, error: Math.sqrt(squares / values.length) };
}
