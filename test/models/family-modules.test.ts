/**
 * What a family says about its inside is true: its named values are the modules of the checkpoint, with the numbers that
 * transformers has there, and its last norm is the one behind the last layer. Every family file is held by these tests.
 */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { families } from '../../src/models/load.ts';
import { Run, type Value } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { FAMILY_CASES } from './family-cases.ts';
import { decoderOutput, withModel } from './family-forward.ts';

type Fingerprint = readonly [sum: number, norm: number];

/** As make.py computes it. */
function fingerprint(tensor: Tensor2D): Fingerprint {
  const values = tensor.dataSync();
  let sum = 0;
  let squares = 0;
  values.forEach((value, index) => {
    sum += value * Math.cos(index);
    squares += value * value;
  });
  return [sum, Math.sqrt(squares)];
}

function assertSame(found: Fingerprint, expected: Fingerprint, label: string): void {
  found.forEach((value, k) => {
    const off = Math.abs(value - expected[k]);
    assert.ok(off <= 1e-4 * expected[1], `${label}: ${found}, transformers has ${expected}`);
  });
}

/** The fingerprint of embeddings whose scale transformers applies in the module or behind it. */
const unscaled = ([sum, norm]: Fingerprint): Fingerprint => [sum / norm, 1];

describe('families', () => {
  before(() => startBackend('auto'));

  for (const golden of FAMILY_CASES) {
    it(`${golden.name}: its named values are the modules of the checkpoint`, () =>
      withModel(golden, {}, (model) => {
        const found = new Map<string, Fingerprint>();
        const run = new Run({
          onValue: (name, value) => {
            assert.ok(!found.has(name), `${name} is named twice`);
            found.set(name, fingerprint(value.tensor));
          },
        });
        tf.tidy(() => void model.head(run, decoderOutput(model, run)));
        run.dispose();
        assert.deepEqual([...found.keys()].sort(), Object.keys(golden.modules).sort());
        const embeddings = [model.sourceEmbedding?.name, model.targetEmbedding.name];
        for (const [name, own] of found) {
          const expected = golden.modules[name];
          if (embeddings.includes(name)) assertSame(unscaled(own), unscaled(expected), name);
          else assertSame(own, expected, name);
        }
        const first = model.sourceEmbedding ?? model.targetEmbedding;
        assert.equal([...found.keys()][0], first.name, 'the first named value is the embedding');
      }));

    it(`${golden.name}: its last norm is what its head begins with`, () =>
      withModel(golden, {}, (model) => {
        const named = new Map<string, Fingerprint>();
        const run = new Run({ onValue: (name, value) => void named.set(name, fingerprint(value.tensor)) });
        tf.tidy(() => {
          const output: Value = decoderOutput(model, run);
          named.clear();
          const normal = model.lastNorm?.(run, output) ?? null;
          assert.deepEqual([...named.keys()], golden.last_norm === null ? [] : [golden.last_norm]);
          if (normal === null || golden.last_norm === null) return;
          assertSame(fingerprint(normal.tensor), golden.modules[golden.last_norm], golden.last_norm);
          named.clear();
          model.head(run, output);
          assert.equal([...named.keys()][0], golden.last_norm);
        });
        run.dispose();
      }));
  }

  it('are all described by make.py, each with its dropout', async () => {
    const all = await families();
    for (const family of new Set(all.values())) {
      const types = family.modelType;
      const cases = FAMILY_CASES.filter(({ config }) => types.includes(config.model_type));
      assert.ok(cases.length > 0, `${types}: no case in test/fixtures/families/make.py`);
      assert.ok(
        cases.some(({ dropout }) => dropout?.some(({ rates }) => Object.keys(rates).length > 0)),
        `${types}: no dropout rates in DROPOUT of test/fixtures/families/make.py`,
      );
    }
  });
});
