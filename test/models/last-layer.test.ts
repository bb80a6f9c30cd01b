/** The last layer computes what is read of it alone: with the same logits and gradients as of all rows, in every family. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { decode } from '../../src/models/forward.ts';
import { embedIds, type LanguageModel } from '../../src/models/model.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/goldens.ts';
import { FAMILY_CASES, SOURCE } from './family-cases.ts';
import { TOKENS, withModel } from './family-forward.ts';

const COPIES = 2;
const READ = Int32Array.of(3, 4, 5);

interface Found {
  logits: Float32Array;
  /** Of the source, where there is one, and of the decoder's tokens. */
  gradients: Float32Array[];
  /** Rows of the decoder's output. */
  rows: number;
}

/** Logits at the positions that are read, and the gradients of all of them, in copies that differ. */
function passOf(model: LanguageModel, readFrom: number): Found {
  return tf.tidy(() => {
    using run = new Run({ record: true });
    using steps = Steps.of(READ);
    const copies = (ids: Int32Array, table: LanguageModel['targetEmbedding']): Tensor2D => {
      const features = embedIds(table, ids);
      return tf.concat2d([features, tf.mul(features, 0.5) as Tensor2D], 0);
    };
    const { sourceEmbedding, targetEmbedding } = model;
    const input = {
      features: copies(TOKENS, targetEmbedding),
      length: TOKENS.length,
      first: new Int32Array(COPIES),
      source: sourceEmbedding && { features: copies(SOURCE, sourceEmbedding), segments: COPIES },
      readFrom,
    };
    const { hidden, source, target } = decode(run, model, [input], { source: true, target: true });
    const logits = model.head(run, selectPositions(run, hidden, [READ]));
    const seed = tf.sin(tf.range(0, logits.tensor.size)).reshape(logits.tensor.shape) as Tensor2D;
    const leaves = [source, target].filter((leaf) => leaf !== null);
    const cotangents = run.pullback(logits, stepCotangent(logits, seed, steps), leaves);
    return {
      logits: logits.tensor.dataSync() as Float32Array,
      gradients: cotangents.map((cotangent) => {
        assert.ok(cotangent !== null);
        return cotangent.tensor.dataSync() as Float32Array;
      }),
      rows: hidden.rows.count,
    };
  });
}

describe('the last layer, where only some rows are read', () => {
  before(() => startBackend('auto'));

  for (const golden of FAMILY_CASES) {
    it(golden.name, () =>
      withModel(golden, {}, (model) => {
        const [all, read] = [passOf(model, 0), passOf(model, READ[0])];
        assert.deepEqual([all.rows, read.rows], [COPIES * TOKENS.length, COPIES * READ.length]);
        assertClose(read.logits, Array.from(all.logits), { rel_to_max: 2e-5 }, 'logits');
        read.gradients.forEach((values, i) => {
          assertClose(values, Array.from(all.gradients[i]), { rel_to_max: 5e-5 }, `gradients ${i}`);
        });
      }),
    );
  }
});
