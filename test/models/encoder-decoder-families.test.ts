/** Options of encoder-decoder families that change what is computed, each held against transformers itself. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DecoderState, soloDecoder } from '../../src/generation/decoder-state.ts';
import { families, type LoadedModel, loadModel } from '../../src/models/load.ts';
import { embedIds, type LanguageModel, type Stack } from '../../src/models/model.ts';
import type { Embedding, Quantization } from '../../src/models/weights.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent, type Value } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import '../nn/wasm-gradients.ts';
import { assertClose } from '../support/goldens.ts';
import { caseOfType, FAMILY_CASES, IDS, SOURCE } from './family-cases.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

const types = await families();
const cases = FAMILY_CASES.filter(({ config }) => types.get(config.model_type)?.architecture === 'encoder-decoder');
const ids = IDS;
const source = SOURCE;

/** An encoder-decoder model: none of its parts is missing. */
type Translator = LanguageModel & { encoder: Stack; sourceEmbedding: Embedding };

function asTranslator(model: LanguageModel): Translator {
  const { encoder, sourceEmbedding } = model;
  assert.ok(encoder !== null && sourceEmbedding !== null);
  return { ...model, encoder, sourceEmbedding };
}

/** Block by block, as `runStack` does without freeing what tf.grad still needs. */
function through(run: Run, stack: Stack, features: Value, memory: Value | null): Value {
  let x = stack.enter(run, features);
  for (const block of stack.blocks) x = block(run, x, memory, null);
  return stack.leave(run, x);
}

/** Features of both sides to logits at some positions of the decoder. */
function forward(model: Translator, run: Run, features: [Tensor2D, Tensor2D], positions: Int32Array) {
  const leaves = features.map((tensor) => run.leaf(tensor, run.ownRows(Rows.full(1, tensor.shape[0]))));
  const memory = through(run, model.encoder, leaves[0], null);
  const hidden = through(run, model.decoder, leaves[1], memory);
  const selected = selectPositions(run, hidden, [positions]);
  return { leaves, logits: model.head(run, selected) };
}

const featuresOf = (model: Translator, length: number): [Tensor2D, Tensor2D] => [
  embedIds(model.sourceEmbedding, source),
  embedIds(model.targetEmbedding, ids.subarray(0, length)),
];

/** Logits [positions, vocab] at some positions of a text. */
function logitsOf(model: Translator, length: number, positions: Int32Array): Float32Array {
  const run = new Run();
  const logits = tf.tidy(() => forward(model, run, featuresOf(model, length), positions).logits.tensor.dataSync());
  run.dispose();
  return logits as Float32Array;
}

const UNKNOWN_ACTIVATIONS: [name: string, fields: object, error: RegExp][] = [
  ['bart', { activation_function: 'maxout' }, /"activation_function" is "maxout"; it must be one of gelu, /],
  ['t5', { feed_forward_proj: 'gated-maxout' }, /"feed_forward_proj" is "maxout"; it must be one of gelu, /],
];

for (const [name, fields, error] of UNKNOWN_ACTIVATIONS) {
  it(`refuses an activation that is not known: ${name}`, async () => {
    await startBackend('auto');
    const dir = mkdtempSync(join(tmpdir(), 'whence-translation-'));
    const { config, tensors } = caseOfType(name);
    writeCheckpoint(dir, { ...config, ...fields }, tensors);
    await assert.rejects(loadModel(dir, { quantization: 'none', rule: { threshold: 6, outliers: 'row' } }), error);
    rmSync(dir, { recursive: true, force: true });
  });
}

for (const backend of BACKENDS) {
  for (const { name, ...golden } of cases) {
    describe(`${name} on ${backend}`, () => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-translation-'));
      const loaded: LoadedModel[] = [];
      let model: Translator;
      let tensors: number;

      const load = async (config: object, quantization: Quantization): Promise<Translator> => {
        const place = join(dir, String(loaded.length));
        writeCheckpoint(place, config, golden.tensors);
        const made = await loadModel(place, { quantization, rule: { threshold: 6, outliers: 'row' } });
        loaded.push(made);
        return asTranslator(made.model);
      };
      before(async () => {
        await startBackend(backend);
        tensors = tf.memory().numTensors;
        model = await load(golden.config, 'none');
      });
      after(() => {
        for (const { dispose } of loaded) dispose();
        rmSync(dir, { recursive: true, force: true });
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left behind');
      });

      const checkLogits = (found: Translator): void => {
        for (const [key, expected] of Object.entries(golden.logits)) {
          const length = Number(key);
          const logits = logitsOf(found, length, Int32Array.of(length - 3, length - 2, length - 1));
          assertClose(logits, expected.flat(), { rel_to_max: 5e-5 }, `${length} tokens`);
        }
      };

      it('gives the logits of transformers', () => checkLogits(model));

      it('reads the config as transformers 5 writes it', async () => {
        checkLogits(await load(golden.saved_config, 'none'));
      });

      it('gives the same logits with cached keys and values', async () => {
        const state = new DecoderState(soloDecoder(model));
        await state.start(source, ids.subarray(0, 4));
        for (let length = 5; length <= ids.length; length++) {
          const logits = await state.extend(ids.slice(length - 1, length), Int32Array.of(0));
          const whole = logitsOf(model, length, Int32Array.of(length - 1));
          assertClose(logits, Array.from(whole), { rel_to_max: 2e-5 }, `${length} tokens`);
        }
        state.dispose();
      });

      it('generates from texts with padding as transformers does', async () => {
        assert.ok(golden.padded);
        const { source: text, prompt, following, logits } = golden.padded;
        const state = new DecoderState(soloDecoder(model));
        const first = await state.start(Int32Array.from(text), Int32Array.from(prompt));
        assertClose(first, logits[0], { rel_to_max: 5e-5 }, 'after the prompt');
        // The second of two beams, whose other one holds another token.
        for (const [k, token] of following.entries()) {
          const found = await state.extend(Int32Array.of(11, token), Int32Array.of(0, k === 0 ? 0 : 1));
          assertClose(found.subarray(model.vocabSize), logits[k + 1], { rel_to_max: 5e-5 }, `after token ${k}`);
        }
        state.dispose();
      });

      it('in int8 stays close to float', async () => {
        const positions = Int32Array.from(ids.keys());
        const float = logitsOf(model, ids.length, positions);
        const int8 = logitsOf(await load(golden.config, 'int8'), ids.length, positions);
        const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
        const cosine = dot(float, int8) / Math.sqrt(dot(float, float) * dot(int8, int8));
        assert.ok(cosine > 0.995, `cosine ${cosine}`);
        assert.ok(cosine < 1 - 1e-9, 'int8 is not float');
      });

      it('pulls cotangents of several steps back to both sides as tf.grads does', () => {
        const before = tf.memory().numTensors;
        tf.tidy(() => comparePullback(model));
        assert.equal(tf.memory().numTensors, before, 'tensors are left behind');
      });
    });
  }
}

/** Gradients of two steps' weighted logits by the features of source and target. */
function comparePullback(model: Translator): void {
  const read = Int32Array.of(4, 9);
  const features = featuresOf(model, 10);
  const weights = tf.tensor2d(
    Array.from({ length: 2 * model.vocabSize }, (_, i) => Math.sin(3 * i)),
    [2, model.vocabSize],
  );
  const run = new Run({ record: true });
  const steps = Steps.of(read);
  const { leaves, logits } = forward(model, run, features, read);
  const found = run.pullback(logits, stepCotangent(logits, weights, steps), leaves);
  const [bySource, byTarget] = found.map((cotangent) => {
    assert.ok(cotangent !== null);
    return cotangent.tensor.dataSync() as Float32Array;
  });
  assert.deepEqual(
    found.map((cotangent) => cotangent?.rows.kind),
    ['all', 'prefix'],
  );
  const width = features[1].shape[1];
  // tfjs's tape does not see our own ops.
  const restoreKernels = disableKernels();
  let row = 0;
  read.forEach((position, step) => {
    const other = new Run();
    const ofStep = tf.tensor2d(step === 0 ? [1, 0] : [0, 1], [2, 1]);
    const again = (a: Tensor2D, b: Tensor2D) =>
      tf.sum(tf.mul(forward(model, other, [a, b], read).logits.tensor, tf.mul(weights, ofStep))).asScalar();
    const [sourceGradient, targetGradient] = tf.grads((a, b) => again(a as Tensor2D, b as Tensor2D))(features);
    other.dispose();
    const size = source.length * width;
    const rule = { rel_to_max: 2e-4 };
    const ownSource = bySource.subarray(step * size, (step + 1) * size);
    assertClose(ownSource, Array.from(sourceGradient.dataSync()), rule, `source, step ${step}`);
    const ownTarget = byTarget.subarray(row * width, (row + position + 1) * width);
    row += position + 1;
    const expected = targetGradient.dataSync();
    assertClose(ownTarget, Array.from(expected.subarray(0, ownTarget.length)), rule, `target, step ${step}`);
    assert.ok(expected.subarray(ownTarget.length).every((value) => value === 0));
  });
  restoreKernels();
  for (const cotangent of found) cotangent?.tensor.dispose();
  run.dispose();
  steps.dispose();
}
