import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { families, loadModel } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { modelDir } from '../support/goldens.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

const RULE = { threshold: 6, outliers: 'row' } as const;

/** A Llama of one layer. */
const CONFIG = {
  model_type: 'llama',
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 16,
  tie_word_embeddings: true,
};
const LAYER = 'model.layers.0';
const TENSORS: Record<string, number[]> = {
  'model.embed_tokens.weight': [11, 8],
  [`${LAYER}.input_layernorm.weight`]: [8],
  ...Object.fromEntries(['q', 'k', 'v', 'o'].map((part) => [`${LAYER}.self_attn.${part}_proj.weight`, [8, 8]])),
  [`${LAYER}.post_attention_layernorm.weight`]: [8],
  [`${LAYER}.mlp.gate_proj.weight`]: [6, 8],
  [`${LAYER}.mlp.up_proj.weight`]: [6, 8],
  [`${LAYER}.mlp.down_proj.weight`]: [8, 6],
  'model.norm.weight': [8],
};

describe('loadModel', () => {
  const root = mkdtempSync(join(tmpdir(), 'whence-load-'));
  let count = 0;
  const load = (config: object, tensors = TENSORS) => {
    const dir = join(root, String(count++));
    writeCheckpoint(dir, config, tensors);
    return loadModel(dir, { quantization: 'int8', rule: RULE });
  };
  before(() => startBackend('auto'));
  after(() => rmSync(root, { recursive: true, force: true }));

  it('knows each family by its model_type', async () => {
    for (const [type, family] of await families()) {
      assert.ok(family.modelType.includes(type));
      assert.match(family.architecture, /^(decoder-only|encoder-decoder)$/);
    }
  });

  it('refuses a model_type that it does not know, with those that it knows', async () => {
    await assert.rejects(load({ ...CONFIG, model_type: 'mamba' }), /"mamba" is not supported; supported are .*llama/);
  });

  it('names a field that is missing or wrong', async () => {
    const { hidden_size: _, ...rest } = CONFIG;
    await assert.rejects(load(rest), /"hidden_size" is missing; it must be a number/);
    await assert.rejects(load({ ...CONFIG, num_hidden_layers: 'two' }), /"num_hidden_layers" is "two"/);
    await assert.rejects(
      load({ ...CONFIG, hidden_act: 'mystery' }).then((m) => m.dispose()),
      /mystery/,
    );
    const scaling = { rope_type: 'mystery', factor: 2 };
    await assert.rejects(load({ ...CONFIG, rope_scaling: scaling }), /"mystery", which is not known; known are/);
    await assert.rejects(
      load({ ...CONFIG, rope_scaling: { rope_type: 'linear' } }),
      /"rope_scaling.factor" is missing/,
    );
  });

  it('refuses options that it cannot follow, with the field and its value', async () => {
    const refused: [config: object, error: RegExp][] = [
      [
        { layer_types: ['chunked_attention'], model_type: 'mistral' },
        /"layer_types" is \["chunked_attention"\].*1 layer/,
      ],
      [{ layer_types: [], model_type: 'qwen2' }, /"layer_types" is \[\]; it must name 1 layer/],
      [{ rope_parameters: { full_attention: { rope_theta: 5 } } }, /"rope_parameters" has "full_attention"/],
      [{ rope_scaling: { rope_type: 'yarn', factor: 'four' } }, /"rope_scaling.factor" is "four"/],
      [{ rope_scaling: { type: 'longrope', short_factor: [1] } }, /"rope_scaling.short_factor" must be a list of 2/],
      [{ use_bidirectional_attention: true, model_type: 'gemma' }, /"use_bidirectional_attention" is true/],
      [{ use_bidirectional_attention: true, model_type: 'gemma2' }, /"use_bidirectional_attention" is true/],
      [{ use_bidirectional_attention: true, model_type: 'gemma3_text' }, /"use_bidirectional_attention" is true/],
      [{ model_type: 'gpt2', n_embd: 8, n_head: 2, n_layer: 1, add_cross_attention: true }, /"add_cross_attention"/],
      [{ model_type: 'gptj', n_embd: 8, n_head: 2, n_layer: 1, rotary_dim: null }, /"rotary_dim" is null/],
      [{ model_type: 'gptj', n_embd: 8, n_head: 2, n_layer: 1, rotary_dim: 6 }, /"rotary_dim" is 6.* at most 4/],
      [{ model_type: 'gptj', n_embd: 8, n_head: 2, n_layer: 1, rotary_dim: 3 }, /"rotary_dim" is 3.* even/],
    ];
    for (const [fields, error] of refused) await assert.rejects(load({ ...CONFIG, ...fields }), error);
  });

  it('names a tensor that is missing, and frees what it had loaded', async () => {
    const tensors = tf.memory().numTensors;
    const { [`${LAYER}.mlp.up_proj.weight`]: _, ...rest } = TENSORS;
    await assert.rejects(load(CONFIG, rest), /"model\.layers\.0\.mlp\.up_proj\.weight"/);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('reads base models, whose tensors lack the prefix', async () => {
    const bare = Object.entries(TENSORS).map(([name, shape]) => [name.replace(/^model\./, ''), shape]);
    const loaded = await load(CONFIG, Object.fromEntries(bare));
    assert.equal(loaded.model.numLayers, 1);
    loaded.dispose();
  });

  it('counts parameters and bytes, reports progress, and frees everything', async () => {
    const tensors = tf.memory().numTensors;
    const reports: [number, number][] = [];
    const dir = modelDir('gpt2-tiny');
    const onProgress = (loaded: number, total: number) => reports.push([loaded, total]);
    const float = await loadModel(dir, { quantization: 'none', rule: RULE, onProgress });
    const int8 = await loadModel(dir, { quantization: 'int8', rule: RULE });
    assert.equal(float.parameters, int8.parameters);
    assert.equal(float.bytes, 4 * float.parameters);
    assert.ok(int8.bytes < float.bytes);
    assert.ok(reports.every(([loaded], i) => i === 0 || loaded > reports[i - 1][0]));
    const [loaded, total] = reports[reports.length - 1];
    assert.ok(loaded > 0 && loaded <= total);
    float.dispose();
    int8.dispose();
    assert.equal(tf.memory().numTensors, tensors);
  });
});
