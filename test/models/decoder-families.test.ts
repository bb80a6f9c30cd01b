/** Options of decoder-only families that change what is computed, each held against transformers itself. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DecoderState, soloDecoder } from '../../src/generation/decoder-state.ts';
import { families, type LoadedModel, loadModel } from '../../src/models/load.ts';
import { embedIds, type LanguageModel, runStack } from '../../src/models/model.ts';
import type { Quantization } from '../../src/models/weights.ts';
import { selectPositions } from '../../src/nn/elementwise.ts';
import { Rows, Steps } from '../../src/nn/rows.ts';
import { Run, stepCotangent } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { type Tensor, type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import '../nn/wasm-gradients.ts';
import { assertClose } from '../support/goldens.ts';
import { FAMILY_CASES, IDS } from './family-cases.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

const types = await families();
const cases = FAMILY_CASES.filter(({ config }) => types.get(config.model_type)?.architecture === 'decoder-only');
const ids = IDS;

/** Where the two generations of transformers keep the text model of a model that also sees images. */
const TEXT_PARTS = [
  (name: string) => `language_model.${name}`,
  (name: string) => name.replace(/^model\./, 'model.language_model.'),
];

/** Logits [positions, vocab] at some positions. */
function logitsOf(model: LanguageModel, tokens: Int32Array, positions: Int32Array): Float32Array {
  const run = new Run();
  const result = tf.tidy(() => {
    const leaf = run.leaf(embedIds(model.targetEmbedding, tokens), run.ownRows(Rows.full(1, tokens.length)));
    const hidden = runStack(run, model.decoder, { features: leaf });
    const selected = selectPositions(run, hidden, [positions]);
    return model.head(run, selected).tensor.dataSync() as Float32Array;
  });
  run.dispose();
  return result;
}

const lastThree = (length: number): Int32Array => Int32Array.of(length - 3, length - 2, length - 1);

for (const backend of BACKENDS) {
  for (const { name, ...golden } of cases) {
    describe(`${name} on ${backend}`, () => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-family-'));
      const loaded: LoadedModel[] = [];
      let model: LanguageModel;
      let tensors: number;

      const load = async (
        config: object,
        quantization: Quantization,
        stored?: (name: string) => string,
      ): Promise<LanguageModel> => {
        const place = join(dir, String(loaded.length));
        writeCheckpoint(place, config, golden.tensors, stored);
        const made = await loadModel(place, { quantization, rule: { threshold: 6, outliers: 'row' } });
        loaded.push(made);
        return made.model;
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

      const checkLogits = (found: LanguageModel): void => {
        for (const [length, expected] of Object.entries(golden.logits)) {
          const tokens = ids.subarray(0, Number(length));
          const logits = logitsOf(found, tokens, lastThree(tokens.length));
          assertClose(logits, expected.flat(), { rel_to_max: 5e-5 }, `${length} tokens`);
        }
      };

      it('gives the logits of transformers', () => checkLogits(model));

      it('reads the config as transformers 5 writes it', async () => {
        checkLogits(await load(golden.saved_config, 'none'));
      });

      if (name === 'gemma3_text') {
        it('is found inside gemma3, the model that also sees images', async () => {
          const config = { model_type: 'gemma3', text_config: golden.config, vision_config: { hidden_size: 4 } };
          for (const stored of TEXT_PARTS) checkLogits(await load(config, 'none', stored));
        });
      }

      it('gives the same logits with cached keys and values', async () => {
        // Two beams that differ in their last token but one, and the length at which some rotary positions change.
        const state = new DecoderState(soloDecoder(model));
        await state.start(null, ids.subarray(0, 6));
        for (let length = 7; length <= ids.length; length++) {
          const texts = [ids.subarray(0, length), ids.subarray(0, length).with(6, 11)];
          const last = Int32Array.from(texts, (text) => text[length - 1]);
          const logits = await state.extend(last, length === 7 ? Int32Array.of(0, 0) : Int32Array.of(0, 1));
          const whole = texts.flatMap((text) => [...logitsOf(model, text, Int32Array.of(length - 1))]);
          assertClose(logits, whole, { rel_to_max: 2e-5 }, `${length} tokens`);
        }
        state.dispose();
      });

      it('gives the same logits for changed texts that start at their change', () => {
        const length = ids.length;
        const changes = Int32Array.of(3, 9, 12);
        const clean = new Run({ keepCache: true });
        const whole = clean.ownRows(Rows.full(1, length));
        tf.tidy(() => {
          runStack(clean, model.decoder, { features: clean.leaf(embedIds(model.targetEmbedding, ids), whole) });
        });
        const texts = Array.from(changes, (position) => ids.with(position, 11));
        const run = new Run({ past: clean.present });
        const ragged = tf.tidy(() => {
          const tails = texts.flatMap((text, i) => Array.from(text.subarray(changes[i])));
          const leaf = run.leaf(
            embedIds(model.targetEmbedding, tails),
            run.ownRows(new Rows([{ length, first: changes }])),
          );
          const hidden = runStack(run, model.decoder, { features: leaf });
          const last = selectPositions(run, hidden, [Int32Array.of(length - 1)]);
          return model.head(run, last).tensor.dataSync() as Float32Array;
        });
        run.dispose();
        clean.dispose();
        texts.forEach((text, i) => {
          const expected = logitsOf(model, text, Int32Array.of(length - 1));
          const found = ragged.subarray(i * model.vocabSize, (i + 1) * model.vocabSize);
          assertClose(found, Array.from(expected), { rel_to_max: 2e-5 }, `change at ${changes[i]}`);
        });
      });

      it('in int8 stays close to float', async () => {
        const quantized = await load(golden.config, 'int8');
        const positions = Int32Array.from(ids.keys());
        const float = logitsOf(model, ids, positions);
        const int8 = logitsOf(quantized, ids, positions);
        const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
        const cosine = dot(float, int8) / Math.sqrt(dot(float, float) * dot(int8, int8));
        assert.ok(cosine > 0.995, `cosine ${cosine}`);
        assert.ok(cosine < 1 - 1e-9, 'int8 is not float');
      });

      it('pulls cotangents of several steps back as tf.grad does', () => {
        const before = tf.memory().numTensors;
        tf.tidy(() => comparePullback(model));
        assert.equal(tf.memory().numTensors, before, 'tensors are left behind');
      });
    });
  }
}

/** Gradients of two steps' summed logits, weighted, by features. */
function comparePullback(model: LanguageModel): void {
  const read = Int32Array.of(4, 9);
  const features = embedIds(model.targetEmbedding, ids.subarray(0, 10));
  const weights = tf.tensor2d(
    Array.from({ length: 2 * model.vocabSize }, (_, i) => Math.sin(3 * i)),
    [2, model.vocabSize],
  );
  const forward = (run: Run, tensor: Tensor) => {
    const leaf = run.leaf(tensor as Tensor2D, run.ownRows(Rows.full(1, 10)));
    // Stacks free what they no longer need, which tf.grad still does.
    let x = model.decoder.enter(run, leaf);
    for (const block of model.decoder.blocks) x = block(run, x, null, null);
    const hidden = model.decoder.leave(run, x);
    return { leaf, logits: model.head(run, selectPositions(run, hidden, [read])) };
  };
  const run = new Run({ record: true });
  const steps = Steps.of(read);
  const { leaf, logits } = forward(run, features);
  const [found] = run.pullback(logits, stepCotangent(logits, weights, steps), [leaf]);
  assert.ok(found !== null);
  assert.equal(found.rows.kind, 'prefix');
  const width = features.shape[1];
  let row = 0;
  // tfjs's tape does not see our own ops.
  const restoreKernels = disableKernels();
  read.forEach((position, step) => {
    const other = new Run();
    const again = (tensor: Tensor) => {
      const scores = tf.sum(tf.mul(forward(other, tensor).logits.tensor, weightsOfStep(weights, step)));
      return scores.asScalar();
    };
    const expected = tf.grad(again)(features).dataSync();
    other.dispose();
    const own = found.tensor.dataSync().subarray(row * width, (row + position + 1) * width);
    row += position + 1;
    assertClose(own, Array.from(expected.subarray(0, own.length)), { rel_to_max: 2e-4 }, `step ${step}`);
    assert.ok(expected.subarray(own.length).every((value) => value === 0));
  });
  restoreKernels();
  found.tensor.dispose();
  run.dispose();
  steps.dispose();
}

/** The weights of one step, zero for the other. */
function weightsOfStep(weights: Tensor2D, step: number): Tensor2D {
  return tf.mul(weights, tf.tensor2d(step === 0 ? [1, 0] : [0, 1], [2, 1]));
}
