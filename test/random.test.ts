import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../src/random.ts';

const SEEDS = 4000;

/** Pearson's statistic of numbers of [0, 1) in ten bins: 9 degrees of freedom. */
function chiSquare(numbers: readonly number[]): number {
  const bins = new Array<number>(10).fill(0);
  for (const number of numbers) bins[Math.floor(number * 10)]++;
  const expected = numbers.length / 10;
  return bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

test('first numbers of neighbouring seeds are uniform and have nothing to do with each other', () => {
  for (const start of [0, 2 ** 31]) {
    const draws = Array.from({ length: SEEDS }, (_, seed) => {
      const random = new Random(start + seed);
      return [random.uniform(), random.uniform(), random.fork().uniform()];
    });
    for (const which of [0, 1, 2]) {
      const numbers = draws.map((row) => row[which]);
      // Exceeded once in 10,000.
      assert.ok(chiSquare(numbers) < 33.7, `number ${which} from ${start}: ${chiSquare(numbers)}`);
      const steps = numbers.slice(1).map((number, i) => (number - numbers[i] + 1) % 1);
      assert.ok(chiSquare(steps) < 33.7, `steps of number ${which} from ${start}: ${chiSquare(steps)}`);
    }
  }
});

test('every order is as likely as any other', () => {
  const counts = new Map<string, number>();
  const random = new Random(5);
  for (let i = 0; i < 6000; i++) {
    const order = random.order(3).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['012', '021', '102', '120', '201', '210']);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
});

test('the same seed gives the same numbers, normal ones with mean 0 and variance 1', () => {
  const [a, b] = [new Random(7), new Random(7)];
  const numbers = Array.from({ length: SEEDS }, () => a.normal());
  assert.deepEqual(
    Array.from({ length: SEEDS }, () => b.normal()),
    numbers,
  );
  const mean = numbers.reduce((sum, x) => sum + x, 0) / SEEDS;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / SEEDS;
  assert.ok(Math.abs(mean) < 0.07 && Math.abs(variance - 1) < 0.1, `${mean}, ${variance}`);
});
