/** The ops of kernels/blocks.cc against TensorFlow's own, at sizes that reach every path of their loops. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type AttentionConfig, attention } from '../../src/nn/attention.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { layerNorm, rmsNorm } from '../../src/nn/norm.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent, type Value } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { gatedByKernel } from '../../src/tensors/block-kernels.ts';
import { disableKernels, kernelBackend } from '../../src/tensors/kernels.ts';
import { type Tensor, tf } from '../../src/tensors/tf.ts';
import { randomMatrix } from '../nn/check-pullback.ts';
import { assertClose } from '../support/goldens.ts';

const LENGTH = 71;
const SEGMENTS = 2;
const READ = Int32Array.of(0, 15, 16, 40, 69);

type Block = (run: Run, inputs: Value[]) => Value;

/** Cotangents of the inputs for five steps, each step read through causal attention. */
function cotangents(block: Block, widths: number[], segments: number): number[][] {
  const random = new Random(5);
  const dropout = (shape: number[], rate: number): Tensor => {
    const masks = new Random(9);
    const count = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(
      Float32Array.from({ length: count }, () => (masks.uniform() < rate ? 0 : 1 / (1 - rate))),
      shape,
    );
  };
  const run = new Run({ record: true, dropout });
  const steps = Steps.of(READ, undefined, segments);
  const results = tf.tidy(() => {
    const rows = run.ownRows(Rows.full(SEGMENTS, LENGTH));
    const leaves = widths.map((width) => run.leaf(randomMatrix(random, SEGMENTS * LENGTH, width), rows));
    const y = block(run, leaves);
    const config = { name: 'after', numHeads: 1, numKvHeads: 1, headDim: y.tensor.shape[1], scale: 0.2, causal: true };
    const mixed = attention(run, y, y, y, config);
    const selected = selectPositions(run, mixed, [READ]);
    const seed = randomMatrix(random, segments * READ.length, selected.tensor.shape[1]);
    const found = run.pullback(selected, stepCotangent(selected, seed, steps), leaves);
    return found.map((cotangent) => {
      assert.ok(cotangent !== null);
      const values = Array.from(cotangent.tensor.dataSync());
      cotangent.tensor.dispose();
      return values;
    });
  });
  run.dispose();
  steps.dispose();
  return results;
}

describe('kernels of the blocks', () => {
  before(() => startBackend('auto'));

  const compare = (name: string, block: Block, widths: number[]): void => {
    for (const segments of [SEGMENTS, 1]) {
      test(`${name}, ${segments} of ${SEGMENTS} segments pulled back`, (t) => {
        if (kernelBackend() === null) return t.skip('the kernels are not built here');
        const found = cotangents(block, widths, segments);
        const restore = disableKernels();
        const expected = cotangents(block, widths, segments);
        restore();
        found.forEach((values, i) => {
          assert.ok(values.some((value) => Math.abs(value) > 1e-3));
          assertClose(values, expected[i], { rel_to_max: 2e-5, atol: 1e-7 }, `input ${i}`);
        });
      });
    }
  };

  const shapes: [string, Partial<AttentionConfig>][] = [
    ['wide heads', { headDim: 64 }],
    ['heads of no whole vectors', { headDim: 20 }],
    ['grouped queries', { headDim: 33, numKvHeads: 2 }],
    ['a window', { headDim: 16, window: 18 }],
    ['dropout', { headDim: 16, dropout: 0.3 }],
    ['soft caps', { headDim: 16, softcap: 2 }],
    ['all positions seen', { headDim: 24, causal: false }],
  ];
  for (const [name, shape] of shapes) {
    const config = { name: 'a', numHeads: 4, numKvHeads: 4, headDim: 16, scale: 0.3, causal: true, ...shape };
    const widths = [config.numHeads, config.numKvHeads, config.numKvHeads].map((heads) => heads * config.headDim);
    // What sees all positions stands for an encoder, whose output a decoder reads.
    compare(`attention with ${name}`, (run, [q, k, v]) => attention(run, q, k, v, config), widths);
  }
  for (const width of [5, 100, 768]) {
    const weight = () => tf.keep(tf.tensor1d(Array.from({ length: width }, (_, i) => 1 + 0.1 * Math.sin(i))));
    compare(
      `layer norm of ${width}`,
      (run, [x]) => {
        const layer = { name: 'n', weight: run.keep(weight()), bias: run.keep(weight()), epsilon: 1e-5 };
        return layerNorm(run, x, layer);
      },
      [width],
    );
    compare(
      `root mean square norm of 3 heads of ${width}`,
      (run, [x]) => {
        return rmsNorm(run, x, { name: 'n', weight: run.keep(weight()), epsilon: 1e-5 }, 3);
      },
      [3 * width],
    );
  }

  for (const [name, linear, cubic] of [
    ['SiLU', 1, 0],
    ['quick GELU', 1.702, 0],
    ['tanh GELU', 2 * Math.sqrt(2 / Math.PI), 2 * Math.sqrt(2 / Math.PI) * 0.044715],
  ] as const) {
    test(`${name} and its derivative, to the last digits of float32`, (t) => {
      if (kernelBackend() === null) return t.skip('the kernels are not built here');
      const inputs = Float32Array.from({ length: 40_009 }, (_, i) => (i - 20_004) / 500);
      const x = tf.tensor2d(inputs, [1, inputs.length]);
      const value = gatedByKernel(x, { linear, cubic }, 'value');
      const derivative = gatedByKernel(x, { linear, cubic }, 'derivative');
      assert.ok(value !== null && derivative !== null);
      const [values, slopes] = [value.dataSync(), derivative.dataSync()];
      inputs.forEach((input, i) => {
        const gate = 1 / (1 + Math.exp(-input * (linear + cubic * input ** 2)));
        const slope = gate + input * gate * (1 - gate) * (linear + 3 * cubic * input ** 2);
        // An exponent of -60 has lost 60 times the accuracy of its argument; below -87 float32 ends.
        const argument = Math.abs(input * (linear + cubic * input ** 2));
        const rtol = 2e-7 * (4 + argument);
        const atol = 2e-37;
        assert.ok(
          Math.abs(values[i] - input * gate) <= atol * Math.abs(input) + rtol * Math.abs(input * gate),
          `${input}: ${values[i]}`,
        );
        assert.ok(Math.abs(slopes[i] - slope) <= 2e-7 + rtol * Math.abs(slope), `slope at ${input}: ${slopes[i]}`);
      });
      const special = tf.tensor2d([[Number.NaN, 0]]);
      const ends = gatedByKernel(special, { linear, cubic }, 'value')?.dataSync();
      assert.deepEqual(Array.from(ends ?? []), [Number.NaN, 0]);
      tf.dispose([x, value, derivative, special]);
    });
  }
});
