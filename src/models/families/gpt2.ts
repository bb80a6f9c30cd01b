/** GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): `gpt2`. */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { activation } from '../../nn/activation.ts';
import { attention } from '../../nn/attention.ts';
import { dropout, rowsAt, splitColumns } from '../../nn/elementwise.ts';
import { linear } from '../../nn/linear.ts';
import type { Rows } from '../../nn/rows.ts';
import type { Run, Value } from '../../nn/run.ts';
import { defineFamily } from '../family.ts';
import {
  activationName,
  boolean,
  type ConfigOf,
  headSize,
  number,
  optionalBoolean,
  optionalSize,
  readFields,
  size,
} from '../fields.ts';
import { gptDecoder } from '../gpt-decoder.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  n_embd: size(),
  n_layer: size(),
  n_head: size(),
  n_positions: optionalSize,
  n_ctx: optionalSize,
  activation_function: activationName('gelu_new'),
  layer_norm_epsilon: number(1e-5),
  scale_attn_weights: boolean(true),
  scale_attn_by_inverse_layer_idx: boolean(false),
  add_cross_attention: boolean(false),
  embd_pdrop: number(0.1),
  attn_pdrop: number(0.1),
  resid_pdrop: number(0.1),
  tie_word_embeddings: optionalBoolean,
};
type Gpt2Config = ConfigOf<typeof FIELDS>;

function readConfig(config: ModelConfig): Gpt2Config {
  const own = readFields(config, FIELDS);
  if (own.add_cross_attention) {
    throw new Error('config.json: "add_cross_attention" is true; only GPT-2 without an encoder is supported');
  }
  return own;
}

/** GPT-2's matrices are stored [in, out]. */
const conv1d = (weights: Weights, name: string) => weights.linear(name, { inputMajor: true });

function attentionBlock(config: Gpt2Config, weights: Weights, layer: number) {
  const { n_embd, n_head, scale_attn_weights: scaled, scale_attn_by_inverse_layer_idx: byLayer } = config;
  const path = `transformer.h.${layer}.attn`;
  const qkv = conv1d(weights, `${path}.c_attn`);
  const out = conv1d(weights, `${path}.c_proj`);
  const headDim = headSize(config, 'n_embd', 'n_head');
  const settings = {
    name: path,
    numHeads: n_head,
    numKvHeads: n_head,
    headDim,
    scale: (scaled ? headDim ** -0.5 : 1) / (byLayer ? layer + 1 : 1),
    causal: true,
    dropout: config.attn_pdrop,
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    const [q, k, v] = splitColumns(run, linear(run, x, qkv), [n_embd, n_embd, n_embd]);
    const mixed = linear(run, attention(run, rowsAt(run, q, wanted), k, v, settings), out);
    return run.name(path, dropout(run, mixed, config.resid_pdrop));
  };
}

function feedForwardBlock(config: Gpt2Config, weights: Weights, layer: number) {
  const path = `transformer.h.${layer}.mlp`;
  const up = conv1d(weights, `${path}.c_fc`);
  const down = conv1d(weights, `${path}.c_proj`);
  return (run: Run, x: Value): Value => {
    const inner = activation(run, linear(run, x, up), config.activation_function);
    return run.name(path, dropout(run, linear(run, inner, down), config.resid_pdrop));
  };
}

export default defineFamily({
  modelType: 'gpt2',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.n_embd,
    numLayers: config.n_layer,
    numHeads: config.n_head,
    vocabSize: config.vocab_size,
    maxPositions: config.n_positions ?? config.n_ctx,
  }),
  build: (config, weights) =>
    gptDecoder(config, weights, {
      numLayers: config.n_layer,
      embeddingDropout: config.embd_pdrop,
      attention: (layer) => attentionBlock(config, weights, layer),
      feedForward: (layer) => feedForwardBlock(config, weights, layer),
    }),
});
