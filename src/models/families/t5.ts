/**
 * T5 (Raffel et al. 2020, arXiv:1910.10683) with T5 v1.1 and Flan-T5 (arXiv:2210.11416), mT5 (arXiv:2010.11934) and
 * UMT5 (arXiv:2304.09151): `t5`, `mt5`, `umt5`. Relative position biases, RMS norms first, linear layers without bias.
 */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { activation } from '../../nn/activation.ts';
import { attentionTo, type Memory } from '../../nn/cross-attention.ts';
import { type DistanceBias, relativeBias } from '../../nn/distance-bias.ts';
import { add, dropout, multiply, rowsAt, scale } from '../../nn/elementwise.ts';
import { type Linear, linear } from '../../nn/linear.ts';
import { rmsNorm } from '../../nn/norm.ts';
import type { Run, Value } from '../../nn/run.ts';
import { defineFamily } from '../family.ts';
import { activationName, number, optionalBoolean, optionalSize, readFields, size, string } from '../fields.ts';
import type { Network, Stack } from '../model.ts';
import { tiedName } from '../output-layer.ts';
import { type Layer, layersOf, stackOf } from '../stack.ts';
import type { Embedding, Weights } from '../weights.ts';

type Side = 'encoder' | 'decoder';

const FIELDS = {
  model_type: string(),
  vocab_size: size(),
  d_model: size(),
  d_kv: size(),
  num_heads: size(),
  num_layers: size(),
  num_decoder_layers: optionalSize,
  relative_attention_max_distance: number(128),
  layer_norm_epsilon: number(1e-6),
  dropout_rate: number(0.1),
  tie_word_embeddings: optionalBoolean,
  scale_decoder_outputs: optionalBoolean,
};

function readConfig(config: ModelConfig) {
  const own = readFields(config, FIELDS);
  const tied = own.tie_word_embeddings ?? true;
  return {
    ...own,
    num_decoder_layers: own.num_decoder_layers ?? own.num_layers,
    // transformers 5 says that all of them are tied, and keeps apart whether the output is scaled.
    scale_decoder_outputs: own.model_type !== 'mt5' && (own.scale_decoder_outputs ?? tied),
    feedForward: readFeedForward(config),
  };
}
type T5Config = ReturnType<typeof readConfig>;

/** `feed_forward_proj`: `ACT` or `gated-ACT`. */
function readFeedForward(config: ModelConfig): { kind: string; gated: boolean } {
  const { feed_forward_proj: given } = readFields(config, {
    feed_forward_proj: string(config.model_type === 't5' ? 'relu' : 'gated-gelu'),
  });
  const gated = given.startsWith('gated-');
  // The gated checkpoints were trained with the tanh form under the name of the other.
  if (given === 'gated-gelu') return { kind: 'gelu_new', gated };
  const bare = gated ? given.slice('gated-'.length) : given;
  return { kind: activationName('relu')(bare, 'feed_forward_proj'), gated };
}

/** How one attention block of a layer differs from another. */
interface AttentionKind {
  path: string;
  causal: boolean;
  bias: DistanceBias | null;
}

function attentionBlock(config: T5Config, weights: Weights, { path, causal, bias }: AttentionKind) {
  const [query, key, value, out] = weights.linears(path, ['q', 'k', 'v', 'o']);
  const settings = {
    name: path,
    numHeads: config.num_heads,
    numKvHeads: config.num_heads,
    headDim: config.d_kv,
    // T5 does not divide scores by the square root of the width: its initial weights do.
    scale: 1,
    causal,
    dropout: config.dropout_rate,
    bias,
  };
  return (run: Run, x: Value, memory: Memory): Value => {
    const mixed = attentionTo(run, linear(run, x, query), memory, { key, value }, settings);
    return dropout(run, run.name(path, linear(run, mixed, out)), config.dropout_rate);
  };
}

/** The layer's own bias (UMT5) or that of the first layer. */
function biasOf(side: Side, config: T5Config, weights: Weights, layer: number): DistanceBias {
  const own = `${selfAttention(side, layer)}.relative_attention_bias`;
  const name = weights.has(`${own}.weight`) ? own : `${selfAttention(side, 0)}.relative_attention_bias`;
  const { relative_attention_max_distance: maxDistance } = config;
  return relativeBias({ name, table: weights.embedding(name).table, bidirectional: side === 'encoder', maxDistance });
}

function feedForwardBlock(config: T5Config, weights: Weights, path: string) {
  const { kind, gated } = config.feedForward;
  const up = weights.linear(`${path}.${gated ? 'wi_0' : 'wi'}`);
  const gate = gated ? weights.linear(`${path}.wi_1`) : null;
  // Not in int8: transformers keeps this layer in float32 because its inputs grow very large.
  const down = weights.linear(`${path}.wo`, { quantize: false });
  return (run: Run, x: Value): Value => {
    const active = activation(run, linear(run, x, up), kind);
    const inner = gate === null ? active : multiply(run, active, linear(run, x, gate));
    const output = linear(run, dropout(run, inner, config.dropout_rate), down);
    return dropout(run, run.name(path, output), config.dropout_rate);
  };
}

const selfAttention = (side: Side, layer: number): string => `${side}.block.${layer}.layer.0.SelfAttention`;

function t5Layer(side: Side, config: T5Config, weights: Weights, layer: number): Layer {
  const path = `${side}.block.${layer}`;
  const norm = (sublayer: string) => weights.rmsNorm(`${sublayer}.layer_norm`, config.layer_norm_epsilon);
  const selfName = selfAttention(side, layer);
  const bias = biasOf(side, config, weights, layer);
  const self = attentionBlock(config, weights, { path: selfName, causal: side === 'decoder', bias });
  const selfNorm = norm(`${path}.layer.0`);
  const crossName = `${path}.layer.1.EncDecAttention`;
  const cross =
    side === 'encoder' ? null : attentionBlock(config, weights, { path: crossName, causal: false, bias: null });
  const crossNorm = cross && norm(`${path}.layer.1`);
  const last = `${path}.layer.${cross === null ? 1 : 2}`;
  const feed = feedForwardBlock(config, weights, `${last}.DenseReluDense`);
  const feedNorm = norm(last);
  return {
    selfAttention: selfName,
    ...(cross && { crossAttention: crossName }),
    run(run, x, memory, wanted) {
      const input = rmsNorm(run, x, selfNorm);
      const attended = self(run, rowsAt(run, input, wanted), input);
      let hidden = run.name(`${path}.layer.0`, add(run, rowsAt(run, x, wanted), attended));
      if (cross !== null && crossNorm !== null) {
        if (memory === null) throw new Error(`${path} needs the encoder's output`);
        const crossed = cross(run, rmsNorm(run, hidden, crossNorm), memory);
        hidden = run.name(`${path}.layer.1`, add(run, hidden, crossed));
      }
      const fed = feed(run, rmsNorm(run, hidden, feedNorm));
      return run.name(path, run.name(last, add(run, hidden, fed)));
    },
  };
}

function t5Stack(side: Side, config: T5Config, weights: Weights, tokens: Embedding): Stack {
  const count = side === 'encoder' ? config.num_layers : config.num_decoder_layers;
  const lastNorm = side === 'encoder' ? weights.rmsNorm('encoder.final_layer_norm', config.layer_norm_epsilon) : null;
  return stackOf(
    tokens,
    layersOf(count, (layer) => t5Layer(side, config, weights, layer)),
    {
      enter: (run, x) => dropout(run, x, config.dropout_rate),
      leave: (run, x) => (lastNorm === null ? x : dropout(run, rmsNorm(run, x, lastNorm), config.dropout_rate)),
    },
  );
}

/** Both sides share one matrix, under whichever of its names it was stored. */
function embedding(side: Side, weights: Weights): Embedding {
  const name = `${side}.embed_tokens`;
  const other = side === 'encoder' ? 'decoder' : 'encoder';
  return { ...weights.embedding(tiedName(weights, name, ['shared', `${other}.embed_tokens`, 'lm_head'])), name };
}

/** The output layer: its own matrix, or where none is stored the shared one. */
function outputLayer(weights: Weights, embedding: Embedding): Linear {
  const whole = weights.has('shared.weight') ? weights.embedding('shared') : embedding;
  const own = weights.has('lm_head.weight') && whole.stored !== 'lm_head';
  return own && !weights.same('lm_head.weight', `${whole.stored}.weight`)
    ? weights.linear('lm_head', { quantize: false })
    : weights.tied('lm_head', whole);
}

function build(config: T5Config, weights: Weights): Network {
  const sourceEmbedding = embedding('encoder', weights);
  const targetEmbedding = embedding('decoder', weights);
  const lastNorm = weights.rmsNorm('decoder.final_layer_norm', config.layer_norm_epsilon);
  const output = outputLayer(weights, targetEmbedding);
  const factor = config.scale_decoder_outputs ? config.d_model ** -0.5 : 1;
  return {
    encoder: t5Stack('encoder', config, weights, sourceEmbedding),
    decoder: t5Stack('decoder', config, weights, targetEmbedding),
    sourceEmbedding,
    targetEmbedding,
    lastNorm: (run, x) => rmsNorm(run, x, lastNorm),
    head(run, x) {
      const normal = dropout(run, rmsNorm(run, x, lastNorm), config.dropout_rate);
      return linear(run, scale(run, normal, factor), output);
    },
  };
}

export default defineFamily({
  modelType: ['t5', 'mt5', 'umt5'],
  architecture: 'encoder-decoder',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.d_model,
    numLayers: config.num_decoder_layers,
    numHeads: config.num_heads,
    vocabSize: config.vocab_size,
    maxPositions: null,
  }),
  build,
});
