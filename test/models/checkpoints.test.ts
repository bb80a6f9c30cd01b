/** What a checkpoint holds: which matrix is which of tied weights, and what is refused, by its headers and by loading it. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { DecoderState, soloDecoder } from '../../src/generation/decoder-state.ts';
import { loadModel, planModel } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { encodeSafetensors, type RawTensor, temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';

type Tensors = Record<string, RawTensor>;

/** A copy of a fixture with other tensors, and other fields in config.json. */
function variant(
  t: TestContext,
  name: string,
  change: (tensors: Tensors) => Tensors,
  fields: Record<string, unknown> = {},
): string {
  const dir = path.join(temporaryDir(t), name);
  fs.cpSync(modelDir(name), dir, { recursive: true });
  const checkpoint = openCheckpoint(dir);
  const tensors = Object.fromEntries(
    checkpoint.names().map((tensor): [string, RawTensor] => {
      const { dtype, shape } = checkpoint.info(tensor);
      return [tensor, { dtype, shape: [...shape], bytes: checkpoint.readRaw(tensor) }];
    }),
  );
  checkpoint.close();
  fs.writeFileSync(path.join(dir, 'model.safetensors'), encodeSafetensors(change(tensors)));
  const config = path.join(dir, 'config.json');
  fs.writeFileSync(config, JSON.stringify({ ...JSON.parse(fs.readFileSync(config, 'utf8')), ...fields }));
  return dir;
}

/** The same tensor under another name. */
const renamed =
  (from: string, to: string) =>
  ({ [from]: tensor, ...others }: Tensors): Tensors => ({ ...others, [to]: tensor });

/** A float tensor times a number. */
function times(tensor: RawTensor, factor: number): RawTensor {
  const floats = new Float32Array(tensor.bytes.slice().buffer).map((value) => value * factor);
  return { ...tensor, bytes: new Uint8Array(floats.buffer) };
}

const SOURCE = [5, 9, 17, 23];
const TARGET = [2, 7, 11];

/** Logits after TARGET. */
async function logitsOf(dir: string): Promise<number[]> {
  const options = { quantization: 'none', rule: { threshold: 6, outliers: 'row' } } as const;
  const loaded = await loadModel(dir, options);
  const state = new DecoderState(soloDecoder(loaded.model));
  const source = loaded.model.encoder === null ? null : Int32Array.from(SOURCE);
  const logits = Array.from(await state.start(source, Int32Array.from(TARGET)));
  state.dispose();
  loaded.dispose();
  return logits;
}

function assertNear(found: readonly number[], right: readonly number[]): void {
  assert.equal(found.length, right.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - right[i]) < 1e-4 * (1 + Math.abs(right[i])), `logit ${i}: ${value}, not ${right[i]}`);
  });
}

const untouched = (tensors: Tensors): Tensors => tensors;

describe('tied weights', () => {
  before(() => startBackend('auto'));

  test('an output layer that differs is kept, whatever config.json says', async (t) => {
    const right = await logitsOf(modelDir('llama-tiny'));
    assertNear(await logitsOf(variant(t, 'llama-tiny', untouched, { tie_word_embeddings: true })), right);
    const none = { tie_word_embeddings: undefined };
    assertNear(await logitsOf(variant(t, 'llama-tiny', untouched, none)), right);
  });

  for (const [name, matrix, head] of [
    ['gpt2-tiny', 'transformer.wte.weight', 'lm_head.weight'],
    ['opt-tiny', 'model.decoder.embed_tokens.weight', 'lm_head.weight'],
    ['bart-tiny', 'model.shared.weight', 'lm_head.weight'],
    ['t5-tied-tiny', 'shared.weight', 'lm_head.weight'],
  ]) {
    test(`${name}: an output layer of its own beside embeddings that config.json ties to it`, async (t) => {
      const right = await logitsOf(modelDir(name));
      const own = (tensors: Tensors): Tensors => ({ ...tensors, [head]: times(tensors[matrix], -2) });
      const dir = variant(t, name, own, { tie_word_embeddings: true });
      const checkpoint = openCheckpoint(dir);
      const biasName = 'final_logits_bias';
      const bias = checkpoint.has(biasName) ? checkpoint.readF32(biasName) : new Float32Array(right.length);
      checkpoint.close();
      assertNear(
        await logitsOf(dir),
        right.map((logit, i) => -2 * (logit - bias[i]) + bias[i]),
      );
    });

    test(`${name}: one copy more of the tied matrix changes nothing`, async (t) => {
      const right = await logitsOf(modelDir(name));
      const copy = (tensors: Tensors): Tensors => ({ ...tensors, [head]: tensors[matrix] });
      assertNear(await logitsOf(variant(t, name, copy, { tie_word_embeddings: true })), right);
    });

    test(`${name}: the tied matrix is found under the output layer's name`, async (t) => {
      const right = await logitsOf(modelDir(name));
      const dir = variant(t, name, renamed(matrix, head));
      assertNear(await logitsOf(dir), right);
      assert.equal((await planModel(dir)).model.vocabSize, right.length);
    });
  }

  for (const [name, group] of [
    ['bart-tiny', ['model.shared', 'model.encoder.embed_tokens', 'model.decoder.embed_tokens']],
    ['t5-tied-tiny', ['shared', 'encoder.embed_tokens', 'decoder.embed_tokens']],
  ] as const) {
    test(`${name}: any name of the tied matrix serves, and one side's own matrix is kept`, async (t) => {
      const right = await logitsOf(modelDir(name));
      const [shared, encoder, decoder] = group.map((module) => `${module}.weight`);
      for (const other of [encoder, decoder]) {
        assertNear(await logitsOf(variant(t, name, renamed(shared, other))), right);
      }
      const apart = (tensors: Tensors): Tensors => ({ ...tensors, [encoder]: times(tensors[shared], 0) });
      const zeros = await logitsOf(variant(t, name, apart));
      assert.ok(
        zeros.some((logit, i) => Math.abs(logit - right[i]) > 1e-3),
        'the encoder reads its own matrix',
      );
    });
  }
});

describe('checkpoints that cannot be served', () => {
  before(() => startBackend('auto'));

  /** Both find it: what describes a model from its headers, and what loads it. */
  async function refused(dir: string, message: RegExp): Promise<void> {
    await assert.rejects(planModel(dir), message);
    await assert.rejects(logitsOf(dir), message);
  }

  const without =
    (name: string) =>
    ({ [name]: _, ...others }: Tensors): Tensors =>
      others;

  test('no output layer where config.json says that it is not tied', async (t) => {
    const untied = { tie_word_embeddings: false };
    const message = /holds no "lm_head.weight", and config.json says "tie_word_embeddings": false/;
    await refused(variant(t, 'llama-tiny', without('lm_head.weight'), untied), message);
    await refused(variant(t, 'gpt2-tiny', untouched, untied), message);
  });

  test('a tensor that is not there', async (t) => {
    const name = 'transformer.h.1.mlp.c_fc.weight';
    await refused(variant(t, 'gpt2-tiny', without(name)), /holds no tensor "transformer.h.1.mlp.c_fc.weight"/);
  });

  test('sizes that are none', async (t) => {
    const gpt2 = (fields: Record<string, unknown>): string => variant(t, 'gpt2-tiny', untouched, fields);
    await refused(gpt2({ n_layer: -3 }), /config.json: "n_layer" is -3; it must be a whole number of 1 or more/);
    await refused(gpt2({ n_layer: '4' }), /config.json: "n_layer" is "4"; it must be a whole number of 1 or more/);
    await refused(gpt2({ n_head: 0 }), /config.json: "n_head" is 0; it must be a whole number of 1 or more/);
    await refused(gpt2({ n_head: 7 }), /config.json: "n_embd" is \d+; it must be a multiple of "n_head", which is 7/);
    await refused(gpt2({ n_layer: 1e9 }), /holds no tensor "transformer.h.\d+/);
    const llama = variant(t, 'llama-tiny', untouched, { num_key_value_heads: 5 });
    await refused(llama, /"num_attention_heads" is 6; it must be a multiple of "num_key_value_heads", which is 5/);
  });

  test('more positions than there are rows or room for', async (t) => {
    const many = { max_position_embeddings: 1e12, n_positions: 1e12 };
    const message = /holds tables of 64 positions, but config.json says that there are 1000000000000/;
    await refused(variant(t, 'gpt2-tiny', untouched, many), message);
    await refused(variant(t, 'bart-tiny', untouched, many), message);
    await refused(variant(t, 'opt-tiny', untouched, many), message);
    const computed = /"max_position_embeddings" is 1000000000000; at most 1048576 are computed/;
    await refused(variant(t, 'marian-tiny', untouched, many), computed);
  });

  test('another vocabulary than that of the embeddings', async (t) => {
    const dir = variant(t, 'gpt2-tiny', untouched, { vocab_size: 1e9 });
    await refused(dir, /"vocab_size" is 1000000000, but the checkpoint's "transformer.wte" has rows for \d+ tokens/);
  });

  test('quantizers that are not read, by their name', async (t) => {
    const settings = [
      [{ quant_method: 'gptq', bits: 4 }, /config.json: "quantization_config" has the quant_method "gptq"/],
      [{ quant_method: 'fp8' }, /has the quant_method "fp8", and weights quantized by it are not read/],
      [{ quant_method: 'bitsandbytes', load_in_4bit: true }, /the quant_method "bitsandbytes" with 4 bits/],
      [{ quant_method: 'bitsandbytes', _load_in_4bit: true, load_in_8bit: false }, /"bitsandbytes" with 4 bits/],
    ] as const;
    for (const [quantization_config, message] of settings) {
      await refused(variant(t, 'gpt2-tiny', untouched, { quantization_config }), message);
    }
    const packed = variant(t, 'llama-tiny', (tensors) => ({
      ...without('model.layers.0.mlp.up_proj.weight')(tensors),
      'model.layers.0.mlp.up_proj.qweight': { dtype: 'I32', shape: [1], bytes: new Uint8Array(4) },
    }));
    await refused(packed, /holds "model.layers.0.mlp.up_proj.qweight": its weights are quantized/);
    const eight = { quant_method: 'bitsandbytes', load_in_8bit: true };
    await planModel(variant(t, 'gpt2-tiny', untouched, { quantization_config: eight }));
  });

  for (const name of ['gpt2-tiny', 'gpt2-f16-tiny', 'llama-bf16-tiny']) {
    test(`weights of ${name} that are not numbers`, async (t) => {
      const dir = variant(t, name, (tensors) =>
        Object.fromEntries(
          Object.entries(tensors).map(([tensor, raw]) => [tensor, { ...raw, bytes: raw.bytes.slice().fill(0xff) }]),
        ),
      );
      await assert.rejects(logitsOf(dir), /model.safetensors: "[\w.]+" holds NaN \(not a number\)/);
    });
  }
});
