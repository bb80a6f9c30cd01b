/** Methods against the numbers of Inseq 0.4.0: its own aggregation, and the layer methods that 0.7.1 broke. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { ONE_BACKEND } from '../../support/backends.ts';
import { type AttributionCase, attributionCasesV040 } from '../../support/goldens.ts';
import { loadTiny, type TinyModel } from '../tiny-model.ts';
import { optionsOfV040 } from './cases.ts';
import { checkCase } from './conformance.ts';

const MODELS = ['gpt2-tiny', 'llama-tiny'];

function leftOut(golden: AttributionCase): string | null {
  const { attributed_fn: fn } = golden.attribute_kwargs;
  if (fn !== undefined) return 'step-functions/attributed-functions.test.ts';
  const { target_attributions: raw, aggregated } = golden.sequences[0];
  if (!raw?.data && aggregated?.error !== undefined) return 'no numbers: raw ones too large, the aggregation failed';
  return null;
}

for (const name of MODELS) {
  describe(`methods of v0.4.0 on ${name}`, () => {
    let tiny: TinyModel;
    let tensors: number;
    before(async () => {
      await startBackend(ONE_BACKEND);
      tiny = await loadTiny(name);
      tensors = tf.memory().numTensors;
    });
    after(() => {
      assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
      tiny.dispose();
    });
    const cases = attributionCasesV040(name);
    for (const [key, golden] of cases) {
      if (leftOut(golden) === null) it(key, () => checkCase(tiny, golden, optionsOfV040(golden, cases)));
    }
  });
}
