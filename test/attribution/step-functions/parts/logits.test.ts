import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  entropy,
  klDivergence,
  logProbability,
  pick,
} from '../../../../src/attribution/step-functions/parts/logits.ts';
import { Random } from '../../../../src/random.ts';
import { startBackend } from '../../../../src/tensors/backend.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../../../src/tensors/tf.ts';
import { BACKENDS } from '../../../support/backends.ts';

const ROWS = 3;
const VOCAB = 11;
const IDS = Int32Array.of(4, 0, 10);
/** Tokens that take part in the divergence of each row. */
const KEPT = Array.from({ length: ROWS * VOCAB }, (_, cell) => (cell % 3 === 1 ? 0 : 1));

function draw(seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: ROWS * VOCAB }, () => 3 * random.normal());
}

const logSum = (row: number[]): number => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
const rowOf = (x: number[], row: number): number[] => x.slice(row * VOCAB, (row + 1) * VOCAB);

/** Each function in float64, by its definition, of one row. */
const definitions = {
  pick: (x: number[], row: number) => x[IDS[row]],
  logProbability: (x: number[], row: number) => x[IDS[row]] - logSum(x),
  entropy: (x: number[]) => {
    const total = logSum(x);
    return -x.reduce((sum, logit) => sum + Math.exp(logit - total) * (logit - total), 0);
  },
  klDivergence: (x: number[], row: number) => divergence(x, rowOf(others, row)),
  keptDivergence: (x: number[], row: number) => {
    const kept = rowOf(KEPT, row);
    const cut = (values: number[]) => values.filter((_, id) => kept[id] === 1);
    return divergence(cut(x), cut(rowOf(others, row)));
  },
};
const others = draw(2);

function divergence(x: number[], y: number[]): number {
  const [totalX, totalY] = [logSum(x), logSum(y)];
  return x.reduce((sum, logit, id) => {
    const log = logit - totalX;
    return sum + Math.exp(log) * (log - (y[id] - totalY));
  }, 0);
}

const constant = (values: number[]): Tensor2D => tf.tensor2d(values, [ROWS, VOCAB]);
const scorers: Record<keyof typeof definitions, (logits: Tensor2D) => Tensor1D> = {
  pick: (logits) => pick(logits, IDS),
  logProbability: (logits) => logProbability(logits, IDS),
  entropy,
  klDivergence: (logits) => klDivergence(logits, constant(others), null),
  keptDivergence: (logits) => klDivergence(logits, constant(others), constant(KEPT)),
};

function assertNear(actual: ArrayLike<number>, expected: number[], tolerance: number, label: string): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${label}: at ${i} got ${actual[i]}, expected ${value}`);
  });
}

/** Central differences of weights . f in float64. */
function slopes(x: number[], weights: number[], f: (row: number[], index: number) => number): number[] {
  const h = 1e-5;
  return x.map((value, cell) => {
    const row = Math.floor(cell / VOCAB);
    const at = (moved: number) => f(rowOf(x.with(cell, moved), row), row);
    return (weights[row] * (at(value + h) - at(value - h))) / (2 * h);
  });
}

for (const backend of BACKENDS) {
  describe(`scores of logits on ${backend}`, () => {
    before(() => startBackend(backend));
    const x = draw(1);
    const weights = [0.5, -2, 1.25];

    for (const [name, scorer] of Object.entries(scorers)) {
      const definition = definitions[name as keyof typeof definitions];
      it(`${name}: value and derivative`, () => {
        const before = tf.memory().numTensors;
        tf.tidy(() => {
          const weighted = (input: Tensor): Tensor => tf.sum(tf.mul(scorer(input as Tensor2D), weights));
          const { grad } = tf.valueAndGrad(weighted)(constant(x));
          const expected = weights.map((_, row) => definition(rowOf(x, row), row));
          assertNear(scorer(constant(x)).dataSync(), expected, 1e-5, 'value');
          assertNear(grad.dataSync(), slopes(x, weights, definition), 2e-5, 'derivative');
        });
        assert.equal(tf.memory().numTensors, before, 'tensors are left');
      });
    }

    it('logProbability: a token that is all but certain has a derivative with all its digits', () => {
      tf.tidy(() => {
        // 1 - p is 3.3e-9, and float32 knows p to 6e-8.
        const logits = [20, 0, -1, 0.5, -2, -4, -0.5, -3, -1, -2, -1.5];
        const total = logSum(logits);
        const p = logits.map((logit) => Math.exp(logit - total));
        const expected = p.map((value, id) => (id === 0 ? p.slice(1).reduce((sum, other) => sum + other) : -value));
        const score = (y: Tensor): Tensor => tf.sum(logProbability(y as Tensor2D, Int32Array.of(0)));
        const { grad } = tf.valueAndGrad(score)(tf.tensor2d(logits, [1, VOCAB]));
        const relative = Array.from(grad.dataSync(), (value, id) => value / expected[id]);
        assertNear(
          relative,
          expected.map(() => 1),
          2e-6,
          'derivative',
        );
      });
    });

    it('logProbability and entropy: values near 0 have all their digits', () => {
      // From a token that is likely to one whose 1 - p is 2e-12; the level of the logits must not matter.
      for (const [lead, level] of [1, 4, 9, 13, 20, 30].flatMap((first) => [
        [first, 0],
        [first, -64],
        [first, 64],
      ])) {
        const logits = [lead, 0, -1, 0.5, -2, -4, -0.5, -3, -1, -2, -1.5].map((logit) => logit + level);
        const others = logits.slice(1).reduce((sum, logit) => sum + Math.exp(logit - logits[0]), 0);
        const total = Math.log1p(others);
        const mean = logits.reduce((sum, logit) => sum + (logits[0] - logit) * Math.exp(logit - logits[0] - total), 0);
        tf.tidy(() => {
          const rows = tf.tensor2d(logits, [1, VOCAB]);
          const [own] = logProbability(rows, Int32Array.of(0)).dataSync();
          const [other] = logProbability(rows, Int32Array.of(5)).dataSync();
          const [spread] = entropy(rows).dataSync();
          const label = `${lead} at ${level}`;
          assertNear([own / -total], [1], 1e-6, `log p, ${label}`);
          assertNear([other / (logits[5] - logits[0] - total)], [1], 1e-6, `log p of another, ${label}`);
          assertNear([spread / (total + mean)], [1], 2e-6, `entropy, ${label}`);
        });
      }
    });

    it('klDivergence: derivative of both sides', () => {
      tf.tidy(() => {
        const total = (y: Tensor): Tensor => tf.sum(tf.mul(klDivergence(constant(x), y as Tensor2D, null), weights));
        const { grad } = tf.valueAndGrad(total)(constant(others));
        const expected = slopes(others, weights, (y, row) => divergence(rowOf(x, row), y));
        assertNear(grad.dataSync(), expected, 2e-5, 'derivative');
      });
    });

    it('stays finite for extreme logits', () => {
      tf.tidy(() => {
        const extreme = tf.tensor2d([1e4, -1e4, 0, -1e30], [1, 4]);
        const ids = Int32Array.of(0);
        assertNear(logProbability(extreme, ids).dataSync(), [0], 0, 'log-probability');
        assertNear(entropy(extreme).dataSync(), [0], 0, 'entropy');
        assertNear(klDivergence(extreme, extreme, null).dataSync(), [0], 0, 'divergence');
        const { grad } = tf.valueAndGrad((y: Tensor) => tf.sum(entropy(y as Tensor2D)))(extreme);
        assertNear(grad.dataSync(), [0, 0, 0, 0], 0, 'derivative');
      });
    });
  });
}
