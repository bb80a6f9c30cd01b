/**
 * GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; Biderman et al. 2023, arXiv:2304.01373): `gpt_neox`.
 * Attention and feed-forward layer side by side, rotary positions on a part of each head.
 */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { attention } from '../../nn/attention.ts';
import { add, dropout, rowsAt, splitHeads } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { rotary } from '../../nn/rotary.ts';
import type { Rows } from '../../nn/rows.ts';
import type { Run, Value } from '../../nn/run.ts';
import { defineFamily } from '../family.ts';
import { activationName, boolean, headSize, number, optionalBoolean, readFields, size } from '../fields.ts';
import type { Network } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';
import { readRope } from '../rotary-config.ts';
import { decoderOnly, type Layer, layersOf } from '../stack.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  hidden_size: size(),
  num_hidden_layers: size(),
  num_attention_heads: size(),
  hidden_act: activationName('gelu'),
  layer_norm_eps: number(1e-5),
  use_parallel_residual: boolean(true),
  // The names that rotary positions had before transformers 5.
  rotary_pct: number(0.25),
  rotary_emb_base: number(10_000),
  hidden_dropout: number(0),
  attention_dropout: number(0),
  tie_word_embeddings: optionalBoolean,
};

function readConfig(config: ModelConfig) {
  const own = readFields(config, FIELDS);
  const headDim = headSize(own, 'hidden_size', 'num_attention_heads');
  const defaults = { partial_rotary_factor: own.rotary_pct, rope_theta: own.rotary_emb_base };
  return { ...own, headDim, positions: readRope(config, headDim, defaults) };
}
type GptNeoXConfig = ReturnType<typeof readConfig>;

function attentionBlock(config: GptNeoXConfig, weights: Weights, layer: number) {
  const { num_attention_heads: heads, headDim, positions } = config;
  const path = `gpt_neox.layers.${layer}.attention`;
  const [qkv, out] = weights.linears(path, ['query_key_value', 'dense']);
  const settings = {
    name: path,
    numHeads: heads,
    numKvHeads: heads,
    headDim,
    scale: headDim ** -0.5,
    causal: true,
    dropout: config.attention_dropout,
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    const [q, k, v] = splitHeads(run, linear(run, x, qkv), heads, 3);
    const turn = (value: Value): Value => rotary(run, value, headDim, positions);
    return run.name(path, linear(run, attention(run, turn(rowsAt(run, q, wanted)), turn(k), v, settings), out));
  };
}

function decoderLayer(config: GptNeoXConfig, weights: Weights, layer: number): Layer {
  const { hidden_act: kind, hidden_dropout: rate } = config;
  const path = `gpt_neox.layers.${layer}`;
  const norm1 = weights.layerNorm(`${path}.input_layernorm`, config.layer_norm_eps);
  const norm2 = weights.layerNorm(`${path}.post_attention_layernorm`, config.layer_norm_eps);
  const attend = attentionBlock(config, weights, layer);
  const [up, down] = weights.linears(`${path}.mlp`, ['dense_h_to_4h', 'dense_4h_to_h']);
  return {
    selfAttention: `${path}.attention`,
    run(run, x, _memory, wanted) {
      const kept = rowsAt(run, x, wanted);
      const attended = add(run, kept, dropout(run, attend(run, layerNorm(run, x, norm1), wanted), rate));
      const inner = layerNorm(run, config.use_parallel_residual ? kept : attended, norm2);
      const fed = run.name(`${path}.mlp`, feedForward(run, inner, { up, down, kind }));
      return run.name(path, add(run, attended, dropout(run, fed, rate)));
    },
  };
}

function build(config: GptNeoXConfig, weights: Weights): Network {
  weights.allowMissingPrefix('gpt_neox.', 'embed_in.weight');
  const tokens = tokenEmbedding(config, weights, 'gpt_neox.embed_in', 'embed_out');
  const lastNorm = weights.layerNorm('gpt_neox.final_layer_norm', config.layer_norm_eps);
  const output = outputLayer(config, weights, 'embed_out', tokens);
  return {
    ...decoderOnly({
      tokens,
      enter: (run, x) => dropout(run, x, config.hidden_dropout),
      layers: layersOf(config.num_hidden_layers, (layer) => decoderLayer(config, weights, layer)),
      lastNorm: (run, x) => layerNorm(run, x, lastNorm),
      head: (run, x) => linear(run, x, output),
    }),
    positionRegime: (length) => config.positions.regime(length),
  };
}

export default defineFamily({
  modelType: 'gpt_neox',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.hidden_size,
    numLayers: config.num_hidden_layers,
    numHeads: config.num_attention_heads,
    vocabSize: config.vocab_size,
    maxPositions: config.positions.maxPositions,
  }),
  build,
});
