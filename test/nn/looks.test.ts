/** Between two looks at the stop signal lies a bounded amount of work, whatever the size of the model and the batch. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Linear, linear } from '../../src/nn/linear.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { flopPerLook } from '../../src/tensors/enough-rows.ts';
import { FloatMatrix } from '../../src/tensors/matrix.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';

const ROWS = 6000;
const [IN, OUT] = [2048, 4096];

describe('looks at the stop signal', () => {
  let layer: Linear;
  before(async () => {
    await startBackend('tensorflow');
    layer = { name: 'up', matrix: new FloatMatrix(tf.ones([OUT, IN]), false), bias: null };
  });

  it('come between slices of a large product, forward and back', () => {
    const products = countProducts(layer);
    let looks = 0;
    let since = 0;
    let largest = 0;
    const look = (): void => {
      largest = Math.max(largest, products.flop - since);
      since = products.flop;
      looks += 1;
    };
    const x = tf.ones([ROWS, IN]) as Tensor2D;
    using run = new Run({ record: true, look });
    tf.tidy(() => {
      const y = linear(run, run.leaf(x, run.ownRows(Rows.full(1, ROWS))), products.layer);
      const read = Int32Array.from({ length: ROWS }, (_, row) => row);
      using steps = Steps.of(read);
      const seed = { tensor: tf.ones([ROWS, OUT]) as Tensor2D, rows: steps.rows(y.rows, 'read') };
      for (const cotangent of run.pullback(y, seed, [])) cotangent?.tensor.dispose();
    });
    x.dispose();
    const flop = 2 * ROWS * IN * OUT;
    assert.ok(flop > 4 * flopPerLook(), 'the product is large');
    assert.ok(products.flop >= flop, 'and was computed');
    assert.ok(largest <= flopPerLook(), `${largest} between two looks`);
    assert.ok(looks >= flop / flopPerLook());
  });

  it('stop a product in its middle, and leave nothing behind', () => {
    const tensors = tf.memory().numTensors;
    const products = countProducts(layer);
    let looks = 0;
    const look = (): void => {
      looks += 1;
      if (looks === 3) throw new Error('stopped');
    };
    const x = tf.ones([ROWS, IN]) as Tensor2D;
    const run = new Run({ look });
    assert.throws(() => {
      tf.tidy(() => {
        linear(run, run.leaf(x, run.ownRows(Rows.full(1, ROWS))), products.layer);
      });
    }, /stopped/);
    run.dispose();
    x.dispose();
    assert.ok(products.flop < 2 * ROWS * IN * OUT, 'the rest was not computed');
    assert.equal(tf.memory().numTensors, tensors);
  });
});

/** The layer, with what its products have cost so far. */
function countProducts(layer: Linear): { layer: Linear; readonly flop: number } {
  let flop = 0;
  const { matrix } = layer;
  const count = (rows: Tensor2D): void => {
    flop += 2 * rows.shape[0] * matrix.inFeatures * matrix.outFeatures;
  };
  const counted = {
    inFeatures: matrix.inFeatures,
    outFeatures: matrix.outFeatures,
    bytes: matrix.bytes,
    rowwise: true,
    multiply: (rows: Tensor2D) => {
      count(rows);
      return matrix.multiply(rows);
    },
    pullback: (rows: Tensor2D) => {
      count(rows);
      return matrix.pullback(rows);
    },
    toTensor: () => matrix.toTensor(),
    dispose: () => {},
  };
  return {
    layer: { ...layer, matrix: counted },
    get flop() {
      return flop;
    },
  };
}
