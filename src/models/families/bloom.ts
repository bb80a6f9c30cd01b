/** BLOOM (Le Scao et al. 2022, arXiv:2211.05100): `bloom`. Positions by ALiBi (Press et al. 2021, arXiv:2108.12409). */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { attention } from '../../nn/attention.ts';
import { alibi } from '../../nn/distance-bias.ts';
import { add, dropout, rowsAt, splitHeads } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { defineFamily } from '../family.ts';
import { boolean, type ConfigOf, headSize, number, optionalBoolean, readFields, size } from '../fields.ts';
import type { Network } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';
import { decoderOnly, type Layer, layersOf } from '../stack.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  hidden_size: size(),
  n_layer: size(),
  n_head: size(),
  layer_norm_epsilon: number(1e-5),
  apply_residual_connection_post_layernorm: boolean(false),
  hidden_dropout: number(0),
  attention_dropout: number(0),
  tie_word_embeddings: optionalBoolean,
};
type BloomConfig = ConfigOf<typeof FIELDS>;

/** The first checkpoints have GPT-2's names for some sizes, others the general ones. */
function readConfig(config: ModelConfig): BloomConfig {
  const { n_embed, n_head, n_layer, hidden_size, num_attention_heads, num_hidden_layers } = config;
  return readFields(
    {
      ...config,
      hidden_size: n_embed ?? hidden_size,
      n_head: n_head ?? num_attention_heads,
      n_layer: n_layer ?? num_hidden_layers,
    },
    FIELDS,
  );
}

/** By how much each head's scores fall with each position of distance: [heads] */
function alibiSlopes(heads: number): Float64Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 ** ((-8 * (i + 1)) / count));
  // Heads beyond a power of two take every other slope of twice as many.
  const between = slopes(2 * power).filter((_, i) => i % 2 === 0);
  return Float64Array.from([...slopes(power), ...between.slice(0, heads - power)]);
}

function decoderLayer(config: BloomConfig, weights: Weights, layer: number): Layer {
  const { n_head: heads, layer_norm_epsilon: epsilon, hidden_dropout: rate } = config;
  const { apply_residual_connection_post_layernorm: fromNorm } = config;
  const path = `transformer.h.${layer}`;
  const selfAttention = `${path}.self_attention`;
  const norm1 = weights.layerNorm(`${path}.input_layernorm`, epsilon);
  const [qkv, out] = weights.linears(selfAttention, ['query_key_value', 'dense']);
  const norm2 = weights.layerNorm(`${path}.post_attention_layernorm`, epsilon);
  const [up, down] = weights.linears(`${path}.mlp`, ['dense_h_to_4h', 'dense_4h_to_h']);
  const headDim = headSize(config, 'hidden_size', 'n_head');
  const settings = {
    name: selfAttention,
    numHeads: heads,
    numKvHeads: heads,
    headDim,
    scale: headDim ** -0.5,
    causal: true,
    bias: alibi('alibi', alibiSlopes(heads)),
    dropout: config.attention_dropout,
  };
  return {
    selfAttention,
    run(run, x, _memory, wanted) {
      const normal1 = layerNorm(run, x, norm1);
      const [q, k, v] = splitHeads(run, linear(run, normal1, qkv), heads, 3);
      const mixed = dropout(run, linear(run, attention(run, rowsAt(run, q, wanted), k, v, settings), out), rate);
      // The modules of BLOOM add the residual themselves: their outputs hold it.
      const attended = run.name(selfAttention, add(run, rowsAt(run, fromNorm ? normal1 : x, wanted), mixed));
      const normal2 = layerNorm(run, attended, norm2);
      const fed = dropout(run, feedForward(run, normal2, { up, down, kind: 'gelu_new' }), rate);
      return run.name(path, run.name(`${path}.mlp`, add(run, fromNorm ? normal2 : attended, fed)));
    },
  };
}

function build(config: BloomConfig, weights: Weights): Network {
  weights.allowMissingPrefix('transformer.', 'word_embeddings.weight');
  const tokens = tokenEmbedding(config, weights, 'transformer.word_embeddings', 'lm_head');
  const firstNorm = weights.layerNorm('transformer.word_embeddings_layernorm', config.layer_norm_epsilon);
  const lastNorm = weights.layerNorm('transformer.ln_f', config.layer_norm_epsilon);
  const output = outputLayer(config, weights, 'lm_head', tokens);
  return decoderOnly({
    tokens,
    enter: (run, x) => layerNorm(run, x, firstNorm),
    layers: layersOf(config.n_layer, (layer) => decoderLayer(config, weights, layer)),
    lastNorm: (run, x) => layerNorm(run, x, lastNorm),
    head: (run, x) => linear(run, x, output),
  });
}

export default defineFamily({
  modelType: 'bloom',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.hidden_size,
    numLayers: config.n_layer,
    numHeads: config.n_head,
    vocabSize: config.vocab_size,
    maxPositions: null,
  }),
  build,
});
