/**
 * GPT-J (Wang & Komatsuzaki 2021, "GPT-J-6B"): `gptj`. Attention and feed-forward layer side by side behind one norm,
 * rotary positions on neighbouring dimensions.
 */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { attention } from '../../nn/attention.ts';
import { add, dropout, rowsAt } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { rotaryPositions } from '../../nn/rope-scaling.ts';
import { rotary } from '../../nn/rotary.ts';
import type { Rows } from '../../nn/rows.ts';
import type { Run, Value } from '../../nn/run.ts';
import { defineFamily } from '../family.ts';
import { activationName, headSize, number, optionalBoolean, optionalNumber, readFields, size } from '../fields.ts';
import type { Network } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';
import { decoderOnly, type Layer, layersOf } from '../stack.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  n_embd: size(),
  n_layer: size(),
  n_head: size(),
  n_positions: size(2048),
  rotary_dim: optionalNumber(64),
  activation_function: activationName('gelu_new'),
  layer_norm_epsilon: number(1e-5),
  embd_pdrop: number(0),
  attn_pdrop: number(0),
  resid_pdrop: number(0),
  tie_word_embeddings: optionalBoolean,
};

function readConfig(config: ModelConfig) {
  const own = readFields(config, FIELDS);
  const { rotary_dim: dims, n_positions: maxPositions } = own;
  const headDim = headSize(own, 'n_embd', 'n_head');
  if (dims === null || dims % 2 !== 0 || dims > headDim) {
    throw new Error(`config.json: "rotary_dim" is ${dims}; it must be even and at most ${headDim}, the head's size`);
  }
  const settings = { dims, base: 10_000, maxPositions, originalMaxPositions: null, scaling: null, interleaved: true };
  return { ...own, headDim, positions: rotaryPositions(settings) };
}
type GptjConfig = ReturnType<typeof readConfig>;

function attentionBlock(config: GptjConfig, weights: Weights, layer: number) {
  const { n_head: heads, headDim, positions } = config;
  const path = `transformer.h.${layer}.attn`;
  const [query, key, value, out] = weights.linears(path, ['q_proj', 'k_proj', 'v_proj', 'out_proj']);
  const settings = {
    name: path,
    numHeads: heads,
    numKvHeads: heads,
    headDim,
    scale: headDim ** -0.5,
    causal: true,
    dropout: config.attn_pdrop,
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    const q = rotary(run, linear(run, rowsAt(run, x, wanted), query), headDim, positions);
    const k = rotary(run, linear(run, x, key), headDim, positions);
    const mixed = linear(run, attention(run, q, k, linear(run, x, value), settings), out);
    return run.name(path, dropout(run, mixed, config.resid_pdrop));
  };
}

function feedForwardBlock(config: GptjConfig, weights: Weights, layer: number) {
  const path = `transformer.h.${layer}.mlp`;
  const [up, down] = weights.linears(path, ['fc_in', 'fc_out']);
  const kind = config.activation_function;
  return (run: Run, x: Value): Value =>
    run.name(path, dropout(run, feedForward(run, x, { up, down, kind }), config.resid_pdrop));
}

function decoderLayer(config: GptjConfig, weights: Weights, layer: number): Layer {
  const path = `transformer.h.${layer}`;
  const norm = weights.layerNorm(`${path}.ln_1`, config.layer_norm_epsilon);
  const attend = attentionBlock(config, weights, layer);
  const feed = feedForwardBlock(config, weights, layer);
  return {
    selfAttention: `${path}.attn`,
    run(run, x, _memory, wanted) {
      const normal = layerNorm(run, x, norm);
      const both = add(run, attend(run, normal, wanted), feed(run, rowsAt(run, normal, wanted)));
      return run.name(path, add(run, both, rowsAt(run, x, wanted)));
    },
  };
}

function build(config: GptjConfig, weights: Weights): Network {
  weights.allowMissingPrefix('transformer.', 'wte.weight');
  const tokens = tokenEmbedding(config, weights, 'transformer.wte', 'lm_head');
  const lastNorm = weights.layerNorm('transformer.ln_f', config.layer_norm_epsilon);
  const output = outputLayer(config, weights, 'lm_head', tokens);
  return decoderOnly({
    tokens,
    enter: (run, x) => dropout(run, x, config.embd_pdrop),
    layers: layersOf(config.n_layer, (layer) => decoderLayer(config, weights, layer)),
    lastNorm: (run, x) => layerNorm(run, x, lastNorm),
    head: (run, x) => linear(run, x, output),
  });
}

export default defineFamily({
  modelType: 'gptj',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.n_embd,
    numLayers: config.n_layer,
    numHeads: config.n_head,
    vocabSize: config.vocab_size,
    maxPositions: config.n_positions,
  }),
  build,
});
