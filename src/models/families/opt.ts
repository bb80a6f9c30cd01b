/** OPT (Zhang et al. 2022, arXiv:2205.01068): `opt`. Norms before the sublayers, or behind them in the 350 M model. */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { attention } from '../../nn/attention.ts';
import { add, dropout, rowsAt } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { LAYER_NORM_EPSILON, type LayerNorm, layerNorm } from '../../nn/norm.ts';
import { addPositions, FAIRSEQ_OFFSET } from '../../nn/positions.ts';
import type { Rows } from '../../nn/rows.ts';
import type { Run, Value } from '../../nn/run.ts';
import { tf } from '../../tensors/tf.ts';
import { defineFamily } from '../family.ts';
import {
  activationName,
  boolean,
  headSize,
  number,
  optionalBoolean,
  optionalSize,
  readFields,
  size,
} from '../fields.ts';
import type { Network } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';
import { decoderOnly, type Layer, layersOf } from '../stack.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  hidden_size: size(),
  num_hidden_layers: size(),
  num_attention_heads: size(),
  word_embed_proj_dim: optionalSize,
  max_position_embeddings: size(2048),
  activation_function: activationName('relu'),
  do_layer_norm_before: boolean(true),
  layer_norm_elementwise_affine: boolean(true),
  _remove_final_layer_norm: boolean(false),
  dropout: number(0.1),
  attention_dropout: number(0),
  tie_word_embeddings: optionalBoolean,
};

function readConfig(config: ModelConfig) {
  const own = readFields(config, FIELDS);
  return { ...own, word_embed_proj_dim: own.word_embed_proj_dim ?? own.hidden_size };
}
type OptConfig = ReturnType<typeof readConfig>;

/** A norm whose weights are all 1 where the checkpoint stores none. */
function norm(config: OptConfig, weights: Weights, name: string): LayerNorm {
  if (config.layer_norm_elementwise_affine) return weights.layerNorm(name, LAYER_NORM_EPSILON);
  const weight = weights.computed(name, () => tf.ones<typeof tf.Rank.R1>([config.hidden_size]));
  return { name, weight, bias: null, epsilon: LAYER_NORM_EPSILON };
}

function attentionBlock(config: OptConfig, weights: Weights, path: string) {
  const [query, key, value, out] = weights.linears(path, ['q_proj', 'k_proj', 'v_proj', 'out_proj']);
  const headDim = headSize(config, 'hidden_size', 'num_attention_heads');
  const settings = {
    name: path,
    numHeads: config.num_attention_heads,
    numKvHeads: config.num_attention_heads,
    headDim,
    scale: headDim ** -0.5,
    causal: true,
    dropout: config.attention_dropout,
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    const q = linear(run, rowsAt(run, x, wanted), query);
    const [k, v] = [key, value].map((matrix) => linear(run, x, matrix));
    return run.name(path, linear(run, attention(run, q, k, v, settings), out));
  };
}

function decoderLayer(config: OptConfig, weights: Weights, layer: number): Layer {
  const { activation_function: kind } = config;
  const path = `model.decoder.layers.${layer}`;
  const selfAttention = `${path}.self_attn`;
  const attend = attentionBlock(config, weights, selfAttention);
  const norm1 = norm(config, weights, `${path}.self_attn_layer_norm`);
  const [up, down] = weights.linears(path, ['fc1', 'fc2']);
  const norm2 = norm(config, weights, `${path}.final_layer_norm`);
  type Sublayer = (x: Value) => Value;
  const residual = (run: Run, x: Value, by: LayerNorm, sublayer: Sublayer, wanted: Rows | null = null): Value => {
    const kept = rowsAt(run, x, wanted);
    return config.do_layer_norm_before
      ? add(run, kept, dropout(run, sublayer(layerNorm(run, x, by)), config.dropout))
      : layerNorm(run, add(run, kept, dropout(run, sublayer(x), config.dropout)), by);
  };
  return {
    selfAttention,
    run(run, x, _memory, wanted) {
      const attended = residual(run, x, norm1, (input) => attend(run, input, wanted), wanted);
      const fed = residual(run, attended, norm2, (input) => feedForward(run, input, { up, down, kind }));
      return run.name(path, fed);
    },
  };
}

function build(config: OptConfig, weights: Weights): Network {
  weights.allowMissingPrefix('model.', 'decoder.embed_tokens.weight');
  const tokens = tokenEmbedding(config, weights, 'model.decoder.embed_tokens', 'lm_head');
  const positions = weights.positionTable('model.decoder.embed_positions', FAIRSEQ_OFFSET);
  const projected = config.word_embed_proj_dim !== config.hidden_size;
  const projectIn = projected ? weights.linear('model.decoder.project_in') : null;
  const projectOut = projected ? weights.linear('model.decoder.project_out') : null;
  const hasLastNorm = config.do_layer_norm_before && !config._remove_final_layer_norm;
  const lastNorm = hasLastNorm ? norm(config, weights, 'model.decoder.final_layer_norm') : null;
  const output = outputLayer(config, weights, 'lm_head', tokens);
  return decoderOnly({
    tokens,
    enter(run, x) {
      const wide = projectIn === null ? x : linear(run, x, projectIn);
      return addPositions(run, wide, positions, FAIRSEQ_OFFSET);
    },
    layers: layersOf(config.num_hidden_layers, (layer) => decoderLayer(config, weights, layer)),
    lastNorm: lastNorm && ((run, x) => layerNorm(run, x, lastNorm)),
    head: (run, x) => linear(run, projectOut === null ? x : linear(run, x, projectOut), output),
  });
}

export default defineFamily({
  modelType: 'opt',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.hidden_size,
    numLayers: config.num_hidden_layers,
    numHeads: config.num_attention_heads,
    vocabSize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
  }),
  build,
});
