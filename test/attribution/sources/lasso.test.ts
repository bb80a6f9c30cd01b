/** The sparse linear model against the weights that made its targets, its optimality conditions and a closed form. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodness, lasso } from '../../../src/attribution/sources/lasso.ts';
import { Random } from '../../../src/random.ts';

function sample(count: number, columns: number, seed: number) {
  const random = new Random(seed);
  const truth = Array.from({ length: columns }, (_, j) => (j % 3 === 0 ? j - 4 : 0));
  const rows = Array.from({ length: count }, () =>
    Uint8Array.from({ length: columns }, () => (random.uniform() < 0.5 ? 1 : 0)),
  );
  const targets = rows.map((row) => row.reduce((sum, value, j) => sum + value * truth[j], 0.5));
  return { rows, targets, truth };
}

test('without a penalty it finds the weights that made the targets', () => {
  const { rows, targets, truth } = sample(64, 10, 3);
  const model = lasso(rows, targets, 0);
  for (const [j, weight] of model.weights.entries()) assert.ok(Math.abs(weight - truth[j]) < 1e-4, `${j}: ${weight}`);
  assert.ok(Math.abs(model.intercept - 0.5) < 1e-4);
  const { r2, error } = goodness(model, rows, targets);
  assert.ok(r2 !== null && r2 > 1 - 1e-8 && error !== null && error < 1e-4);
});

test('with a penalty no step of a standardized weight lowers the objective', () => {
  const { rows, targets } = sample(40, 9, 5);
  const alpha = 0.2;
  const { weights, intercept } = lasso(rows, targets, alpha);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const residual = targets.map(
    (target, s) => target - intercept - rows[s].reduce((sum, x, j) => sum + x * weights[j], 0),
  );
  for (const j of weights.keys()) {
    const column = rows.map((row) => row[j]);
    const center = mean(column);
    const scale = Math.sqrt(mean(column.map((x) => (x - center) ** 2)));
    const slope = mean(column.map((x, s) => ((x - center) / scale) * residual[s]));
    if (weights[j] === 0) assert.ok(Math.abs(slope) <= alpha + 1e-6, `${j}: ${slope}`);
    else assert.ok(Math.abs(slope - alpha * Math.sign(weights[j])) < 1e-5, `${j}: ${slope}`);
  }
  assert.ok(weights.includes(0), 'the penalty leaves none out');
});

test('one column has the solution in closed form', () => {
  const rows = [1, 1, 0, 0].map((x) => Uint8Array.of(x));
  // Standardized the column is 1, 1, -1, -1: its least-squares weight is 1.5, less the penalty of 0.5, over the scale 0.5.
  const { weights, intercept } = lasso(rows, [4, 4, 1, 1], 0.5);
  assert.ok(Math.abs(weights[0] - 2) < 1e-12);
  assert.ok(Math.abs(intercept - 1.5) < 1e-12);
});

test('a unit that was never left out has no weight, and what cannot be judged is null', () => {
  const rows = [Uint8Array.of(1, 1), Uint8Array.of(1, 0)];
  const model = lasso(rows, [2, 1], 0);
  assert.equal(model.weights[0], 0);
  assert.ok(Math.abs(model.weights[1] - 1) < 1e-9);
  assert.deepEqual(goodness(model, [], []), { r2: null, error: null });
  assert.equal(goodness(model, rows, [1, 1]).r2, null);
});
