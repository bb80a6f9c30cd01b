import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ridge } from '../../../../src/attribution/methods/parts/ridge.ts';
import { Random } from '../../../../src/random.ts';

const close = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

/** The value that the fit minimizes. */
function loss(
  { x, y, weights }: { x: Float64Array; y: Float64Array; weights: Float64Array },
  coefficients: ArrayLike<number>,
  intercept: number,
  penalty: number,
): number {
  const features = coefficients.length;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    let fitted = intercept;
    for (let j = 0; j < features; j++) fitted += x[i * features + j] * coefficients[j];
    total += weights[i] * (y[i] - fitted) ** 2;
  }
  for (let j = 0; j < features; j++) total += penalty * coefficients[j] ** 2;
  return total;
}

function problem(samples: number, features: number) {
  const random = new Random(7);
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal());
  return { x: draw(samples * features), y: draw(samples), weights: draw(samples).map(Math.abs) };
}

describe('ridge', () => {
  // Fewer features than samples, and more: the two systems.
  for (const [samples, features] of [
    [40, 6],
    [6, 40],
  ]) {
    it(`${samples} samples, ${features} features: no neighbour of the solution is better`, () => {
      const data = problem(samples, features);
      const { coefficients, intercept } = ridge(data.x, data.y, data.weights, features, 0.7);
      const least = loss(data, coefficients, intercept, 0.7);
      for (const step of [1e-4, -1e-4]) {
        assert.ok(loss(data, coefficients, intercept + step, 0.7) > least);
        for (let j = 0; j < features; j++) {
          const moved = coefficients.map((value, k) => (k === j ? value + step : value));
          assert.ok(loss(data, moved, intercept, 0.7) > least, `feature ${j}`);
        }
      }
    });
  }

  it('finds a linear function that little is charged for', () => {
    const { x, weights } = problem(30, 2);
    const y = Float64Array.from({ length: 30 }, (_, i) => 3 + 2 * x[2 * i] - x[2 * i + 1]);
    const { coefficients, intercept, r2 } = ridge(x, y, weights, 2, 1e-10);
    close(coefficients[0], 2, 1e-6);
    close(coefficients[1], -1, 1e-6);
    close(intercept, 3, 1e-6);
    close(r2, 1, 1e-9);
  });

  it('takes no notice of samples without weight, and of features that never change', () => {
    const { coefficients, r2 } = ridge([1, 5, 2, 5, 100, 5], [1, 2, -70], [1, 1, 0], 2, 1e-10);
    close(coefficients[0], 1, 1e-6);
    assert.equal(coefficients[1], 0);
    close(r2, 1);
  });

  it('explains nothing where nothing varies', () => {
    const { coefficients, intercept, r2 } = ridge([0, 1, 1], [4, 4, 4], [1, 1, 1], 1, 1);
    assert.deepEqual([coefficients[0], intercept, r2], [0, 4, Number.NaN]);
  });
});
