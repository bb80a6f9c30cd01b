/** BLOOM (Le Scao et al. 2022, arXiv:2211.05100): `bloom`. Positions by ALiBi (Press et al. 2021, arXiv:2108.12409). */

import { attention } from '../../nn/attention.ts';
import { add, dropout, splitHeads } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { tf } from '../../tensors/tf.ts';
import { boolean, number } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';

/** By how much each head's scores fall with each position of distance: [heads] */
function alibiSlopes(heads: number): Float64Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 ** ((-8 * (i + 1)) / count));
  // Heads beyond a power of two take every other slope of twice as many.
  const between = slopes(2 * power).filter((_, i) => i % 2 === 0);
  return Float64Array.from([...slopes(power), ...between.slice(0, heads - power)]);
}

const bloom: Family = {
  modelType: 'bloom',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('transformer.', 'word_embeddings.weight');
    const hidden = config.n_embed === undefined ? number(config, 'hidden_size') : number(config, 'n_embed');
    const heads = config.n_head === undefined ? number(config, 'num_attention_heads') : number(config, 'n_head');
    const layers = config.n_layer === undefined ? number(config, 'num_hidden_layers') : number(config, 'n_layer');
    const epsilon = number(config, 'layer_norm_epsilon', 1e-5);
    const fromNorm = boolean(config, 'apply_residual_connection_post_layernorm', false);
    const rate = number(config, 'hidden_dropout', 0);
    const headDim = hidden / heads;
    const slopes = alibiSlopes(heads);
    const attentionName = (layer: number) => `transformer.h.${layer}.self_attention`;

    /** [1, heads, 1, keys]: softmax takes off what the queries of a row have in common. */
    const alibi = (_queries: Int32Array, _segments: number, keys: number) => {
      const bias = new Float32Array(heads * keys);
      for (let head = 0; head < heads; head++) {
        for (let key = 0; key < keys; key++) bias[head * keys + key] = slopes[head] * key;
      }
      return tf.tensor4d(bias, [1, heads, 1, keys]);
    };

    const block = (layer: number): Block => {
      const path = `transformer.h.${layer}`;
      const norm1 = weights.layerNorm(`${path}.input_layernorm`, epsilon);
      const qkv = weights.linear(`${path}.self_attention.query_key_value`);
      const out = weights.linear(`${path}.self_attention.dense`);
      const norm2 = weights.layerNorm(`${path}.post_attention_layernorm`, epsilon);
      const up = weights.linear(`${path}.mlp.dense_h_to_4h`);
      const down = weights.linear(`${path}.mlp.dense_4h_to_h`);
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim,
        scale: headDim ** -0.5,
        causal: true,
        bias: alibi,
        dropout: number(config, 'attention_dropout', 0),
      };
      return (run, x) => {
        const normal1 = layerNorm(run, x, norm1);
        const [q, k, v] = splitHeads(run, linear(run, normal1, qkv), heads, 3);
        const mixed = dropout(run, linear(run, attention(run, q, k, v, settings), out), rate);
        // The modules of BLOOM add the residual themselves: their outputs hold it.
        const attended = run.name(settings.name, add(run, fromNorm ? normal1 : x, mixed));
        const normal2 = layerNorm(run, attended, norm2);
        const fed = dropout(run, feedForward(run, normal2, { up, down, kind: 'gelu_new' }), rate);
        return run.name(path, run.name(`${path}.mlp`, add(run, fromNorm ? normal2 : attended, fed)));
      };
    };

    const tokens = tokenEmbedding(config, weights, 'transformer.word_embeddings', 'lm_head');
    const firstNorm = weights.layerNorm('transformer.word_embeddings_layernorm', epsilon);
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const lastNorm = weights.layerNorm('transformer.ln_f', epsilon);
    const head = outputLayer(config, weights, 'lm_head', tokens);

    return {
      modelType: 'bloom',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions: null,
      encoder: null,
      sourceEmbedding: null,
      targetEmbedding: tokens,
      decoder: {
        enter: (run, x) => layerNorm(run, run.name('transformer.word_embeddings', x), firstNorm),
        blocks,
        leave: (_run, x) => x,
        selfAttention: blocks.map((_, layer) => attentionName(layer)),
        crossAttention: [],
      },
      lastNorm: (run, x) => layerNorm(run, x, lastNorm),
      head: (run, x) => linear(run, layerNorm(run, x, lastNorm), head),
    };
  },
};

export default bloom;
