import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DecoderState, soloDecoder } from '../../src/generation/decoder-state.ts';
import { embedIds, type Stack } from '../../src/models/model.ts';
import { Rows } from '../../src/nn/rows.ts';
import { Run, type Value } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { scoped } from '../../src/tensors/ops.ts';
import { type Tensor, tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import { assertClose, type ForwardFile, forwardCases, type Golden } from '../support/goldens.ts';
import { ENCODER_DECODERS, loadTranslator, passesOver, type Translator } from './encoder-decoder.ts';

type Case = ForwardFile['cases'][number];

/** Hidden states as transformers gives them: each block's input, then the output of the stack. */
interface Inside {
  hidden: number[][][];
  attentions: Map<string, Golden>;
  memory: Value;
}

/** Runs a stack block by block. */
function runInside(run: Run, stack: Stack, features: Value, memory: Value | null, maps: Map<string, Golden>): Inside {
  const hidden: number[][][] = [];
  let x = stack.enter(run, features);
  hidden.push(x.tensor.arraySync());
  for (const block of stack.blocks) {
    x = block(run, x, memory, null);
    hidden.push(x.tensor.arraySync());
  }
  const output = stack.leave(run, x);
  hidden[hidden.length - 1] = output.tensor.arraySync();
  return { hidden, attentions: maps, memory: output };
}

/** Everything inside a forward pass that the golden files have. */
function inside({ model }: Translator, golden: Case) {
  const maps = new Map<string, Golden>();
  let lastNorm: number[][] | null = null;
  const run = new Run({
    attention: { onProbabilities: (name, map: Tensor) => maps.set(name, (map.arraySync() as Golden[])[0]) },
    onValue: (name, value) => {
      if (/decoder\.(final_)?layer_norm$/.test(name)) lastNorm = value.tensor.arraySync();
    },
  });
  const { encoder, decoder, sourceEmbedding, targetEmbedding } = model;
  assert.ok(encoder !== null && sourceEmbedding !== null && golden.decoder_input_ids !== undefined);
  const leaf = (embedding: typeof targetEmbedding, ids: number[]) =>
    run.leaf(embedIds(embedding, ids), run.ownRows(Rows.full(1, ids.length)));
  const source = runInside(run, encoder, leaf(sourceEmbedding, golden.input_ids), null, maps);
  const target = runInside(run, decoder, leaf(targetEmbedding, golden.decoder_input_ids), source.memory, maps);
  const logits = model.head(run, target.memory).tensor.dataSync();
  // The decoder's last norm is part of the head.
  if (lastNorm !== null) target.hidden[target.hidden.length - 1] = lastNorm;
  run.dispose();
  const layers = (names: readonly string[]): Golden[] => names.map((name) => maps.get(name) ?? null);
  return {
    logits,
    encoder_hidden_states: source.hidden,
    decoder_hidden_states: target.hidden,
    encoder_attentions: layers(encoder.selfAttention),
    decoder_attentions: layers(decoder.selfAttention),
    cross_attentions: layers(decoder.crossAttention),
  };
}

for (const backend of BACKENDS) {
  for (const name of ENCODER_DECODERS) {
    describe(`forward of ${name} on ${backend}`, () => {
      const { cases, tolerance } = forwardCases(name);
      let translator: Translator;
      let tensors: number;
      before(async () => {
        await startBackend(backend);
        tensors = tf.memory().numTensors;
        translator = await loadTranslator(name);
      });
      after(() => {
        translator.dispose();
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
      });

      for (const golden of cases) {
        it(`logits of "${golden.key}"`, () => {
          const { decoder_input_ids: ids = [] } = golden;
          const passes = passesOver(translator.model, golden.input_ids, ids);
          const logits = tf.tidy(() =>
            passes
              .logitsOf(passes.sequence.sourceIds, passes.sequence.targetIds, Int32Array.from(ids.keys()))
              .dataSync(),
          );
          passes.dispose();
          const shape = [ids.length, translator.model.vocabSize];
          assertClose({ shape, data: logits }, golden.logits, tolerance.logits, 'logits');
        });

        if (!('encoder_hidden_states' in golden)) continue;
        it(`hidden states and attentions of "${golden.key}"`, () => {
          const found = scoped(() => inside(translator, golden));
          for (const [key, actual] of Object.entries(found)) {
            if (key === 'logits') continue;
            const rule = key.endsWith('attentions') ? tolerance.attentions : tolerance.hidden_states;
            const expected = golden[key] as Golden[];
            assert.equal((actual as Golden[]).length, expected.length, `${key}: layers`);
            expected.forEach((layer, index) => {
              const got = tf.tidy(() => tf.tensor((actual as number[][][])[index]));
              assertClose({ shape: got.shape, data: got.dataSync() }, layer, rule, `${key} ${index}`);
              got.dispose();
            });
          }
        });
      }

      it('cached keys and values give the logits of the whole sequence', async () => {
        const { input_ids: source, decoder_input_ids: ids = [] } = cases[0];
        const passes = passesOver(translator.model, source, ids);
        const { sourceIds, targetIds } = passes.sequence;
        const vocab = translator.model.vocabSize;
        const whole = tf.tidy(() =>
          passes.logitsOf(sourceIds, targetIds, Int32Array.from(ids.keys())).dataSync(),
        ) as Float32Array;
        const state = new DecoderState(soloDecoder(translator.model));
        let logits = await state.start(sourceIds, targetIds.subarray(0, 2));
        for (let position = 1; position < ids.length; position++) {
          // From the third token on as the second of two beams.
          if (position > 1)
            logits = await state.extend(Int32Array.of(0, ids[position]), Int32Array.of(0, position > 2 ? 1 : 0));
          const expected = Array.from(whole.subarray(position * vocab, (position + 1) * vocab));
          assertClose(logits.subarray(-vocab), expected, { rtol: 1e-4, atol: 1e-4 }, `position ${position}`);
        }
        state.dispose();
        passes.dispose();
      });
    });
  }
}
