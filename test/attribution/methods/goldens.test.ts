import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { BACKENDS } from '../../support/backends.ts';
import { attributionCases } from '../../support/goldens.ts';
import { decoderModels, loadTiny, type TinyModel } from '../tiny-model.ts';
import { caseOptions, leftOut } from './cases.ts';
import { checkCase } from './conformance.ts';

/** On WASM: every method once; the cases differ in texts, arguments and special tokens. */
const ON_WASM = /-b-forced$/;

const decoders = await decoderModels();

it('the golden models include those of GPT-2', () => {
  for (const name of ['gpt2-tiny', 'gpt2-pad-tiny', 'gpt2-nounk-tiny', 'gpt2-f16-tiny'])
    assert.ok(decoders.includes(name));
});

for (const backend of BACKENDS) {
  for (const name of backend === 'wasm' ? ['gpt2-tiny'] : decoders) {
    describe(`methods on ${name} by ${backend}`, () => {
      let tiny: TinyModel;
      let tensors: number;
      before(async () => {
        await startBackend(backend);
        tiny = await loadTiny(name);
        tensors = tf.memory().numTensors;
      });
      after(() => {
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
        tiny.dispose();
      });

      const cases = attributionCases(name);
      for (const [key, golden] of cases) {
        if (backend === 'wasm' && !ON_WASM.test(key)) continue;
        const reason = leftOut(key, golden);
        if (reason !== null) continue;
        it(key, () => checkCase(tiny, golden, caseOptions(golden, cases)));
      }
    });
  }
}
