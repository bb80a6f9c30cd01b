/** Holds a block's pullback of many cotangents against tfjs's own gradient of the same forward, step by step. */

import assert from 'node:assert/strict';
import { attention } from '../../src/nn/attention.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent, type Value } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/goldens.ts';
import './wasm-gradients.ts';

const SEGMENTS = 2;
const LENGTH = 5;
/** Neither of them the first position. */
const READ = Int32Array.of(1, 3);
export const FIRST_READ = READ[0];
/** Steps that are pulled back, as the selected rows of each: two that are no neighbors, and both as a span. */
const STEPS = [[0], [1], [0, 1]];
const DROPOUT_SEED = 7;

/** Seeded normal numbers. */
export function randomMatrix(random: Random, rows: number, columns: number, size = 1): Tensor2D {
  return tf.tensor2d(
    Float32Array.from({ length: rows * columns }, () => size * random.normal()),
    [rows, columns],
  );
}

/** Masks of inverted dropout from one seed: every run draws the same ones. */
function masks(): (shape: number[], rate: number) => Tensor {
  const random = new Random(DROPOUT_SEED);
  return (shape, rate) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: count }, () => (random.uniform() < rate ? 0 : 1 / (1 - rate)));
    return tf.tensor(values, shape);
  };
}

/** A block under test: rows of `width`, and where it has one the memory of `memory` positions, to rows. */
export interface Subject {
  width: number;
  memory?: number;
  block(run: Run, x: Value, memory: Value | null): Value;
}

/**
 * Causal attention behind the block, so that cotangents of whole prefixes arrive at it. The scale keeps it from choosing
 * single positions: tfjs's gradients are rounding noise then.
 */
function mixPositions(run: Run, y: Value): Value {
  const headDim = y.tensor.shape[1];
  const config = { name: 'after', numHeads: 1, numKvHeads: 1, headDim, scale: 0.002, causal: true };
  return attention(run, y, y, y, config);
}

export function checkPullback(subject: Subject, behind: 'nothing' | 'attention'): void {
  const random = new Random(11);
  const inputs = [randomMatrix(random, SEGMENTS * LENGTH, subject.width)];
  if (subject.memory !== undefined) inputs.push(randomMatrix(random, SEGMENTS * subject.memory, subject.width));

  const tensorsBefore = tf.memory().numTensors;
  const forward = (run: Run, tensors: readonly Tensor[]) => {
    const lengths = [LENGTH, subject.memory ?? 0];
    const leaves = tensors.map((tensor, i) =>
      run.leaf(tensor as Tensor2D, run.ownRows(Rows.full(SEGMENTS, lengths[i]))),
    );
    const y = subject.block(run, leaves[0], leaves[1] ?? null);
    const mixed = behind === 'attention' ? mixPositions(run, y) : y;
    return { leaves, selected: selectPositions(run, mixed, [READ]) };
  };

  const run = new Run({ record: true, dropout: masks() });
  const edge = (pick: (rows: number[]) => number) => Int32Array.from(STEPS, pick);
  const [firstOf, lastOf] = [(rows: number[]) => rows[0], (rows: number[]) => rows[rows.length - 1]];
  const steps = new Steps([
    {
      read: edge((rows) => READ[lastOf(rows)]),
      readFrom: edge((rows) => READ[firstOf(rows)]),
      index: edge(lastOf),
      indexFrom: edge(firstOf),
      segments: SEGMENTS,
    },
  ]);
  const pulled = STEPS.flat();
  const found = tf.tidy(() => {
    const { leaves, selected } = forward(run, inputs);
    const width = selected.tensor.shape[1];
    const seed = randomMatrix(random, SEGMENTS * READ.length, width);
    const ofSteps = Array.from({ length: SEGMENTS * pulled.length }, (_, row) => {
      return Math.floor(row / pulled.length) * READ.length + pulled[row % pulled.length];
    });
    const cotangents = run.pullback(selected, stepCotangent(selected, tf.gather(seed, ofSteps), steps), leaves);
    const byStep = cotangents.map((cotangent, i) => {
      assert.ok(cotangent !== null, 'the output depends on every input');
      const { rows, tensor } = cotangent;
      const inputRows = inputs[i].shape[0];
      const dense = STEPS.length * inputRows * subject.width;
      const values = new Float32Array(dense);
      const data = tensor.dataSync();
      let k = 0;
      for (let segment = 0; segment < SEGMENTS; segment++) {
        STEPS.forEach((selected, step) => {
          const [first, last] = [READ[firstOf(selected)], READ[lastOf(selected)]];
          const size =
            rows.kind === 'all' ? inputRows / SEGMENTS : rows.kind === 'prefix' ? last + 1 : last - first + 1;
          for (let j = 0; j < size; j++, k++) {
            const place = (step * inputRows + rows.row[k]) * subject.width;
            values.set(data.subarray(k * subject.width, (k + 1) * subject.width) as Float32Array, place);
          }
        });
      }
      assert.equal(k, rows.count, 'rows of the cotangent');
      tensor.dispose();
      return values;
    });
    return { byStep, seed: tf.keep(seed) };
  });
  run.dispose();
  steps.dispose();
  assert.equal(tf.memory().numTensors, tensorsBefore + 1, 'only the seed is left');

  // tfjs's tape does not see our own ops.
  const restoreKernels = disableKernels();
  const expected = STEPS.reduce<number[][]>(
    (gradients, rows) => {
      const score = (...tensors: Tensor[]) => {
        const again = new Run({ dropout: masks() });
        const { selected } = forward(again, tensors);
        const grid = (tensor: Tensor) => tf.reshape(tensor, [SEGMENTS, READ.length, -1]);
        const product = tf.mul(grid(selected.tensor), grid(found.seed));
        return tf.sum(tf.slice(product, [0, rows[0], 0], [SEGMENTS, rows.length, -1])).asScalar();
      };
      // Tensors that the inner runs keep belong to the tape's scope as well.
      tf.tidy(() => {
        tf.grads(score)(inputs).forEach((gradient, i) => {
          gradients[i].push(...gradient.dataSync());
        });
      });
      return gradients;
    },
    inputs.map(() => []),
  );
  restoreKernels();
  found.byStep.forEach((values, i) => {
    assertClose(values, expected[i], { rel_to_max: 2e-5, atol: 1e-7 }, `input ${i}`);
    assert.ok(
      expected[i].some((value) => Math.abs(value) > 1e-4),
      'the gradient is not zero',
    );
  });
  found.seed.dispose();
  for (const input of inputs) input.dispose();
}
