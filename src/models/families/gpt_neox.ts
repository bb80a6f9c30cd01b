/**
 * GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; Biderman et al. 2023, arXiv:2304.01373): `gpt_neox`.
 * Attention and feed-forward layer side by side, rotary positions on a part of each head.
 */

import { attention } from '../../nn/attention.ts';
import { add, dropout, splitHeads } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { rotary } from '../../nn/rotary.ts';
import { activationName, boolean, number } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';
import { rope } from '../rotary-decoder.ts';

const gptNeoX: Family = {
  modelType: 'gpt_neox',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('gpt_neox.', 'embed_in.weight');
    const hidden = number(config, 'hidden_size');
    const heads = number(config, 'num_attention_heads');
    const layers = number(config, 'num_hidden_layers');
    const epsilon = number(config, 'layer_norm_eps', 1e-5);
    const kind = activationName(config, 'hidden_act', 'gelu');
    const parallel = boolean(config, 'use_parallel_residual', true);
    const hiddenDropout = number(config, 'hidden_dropout', 0);
    const headDim = hidden / heads;
    const partial = number(config, 'partial_rotary_factor', number(config, 'rotary_pct', 0.25));
    const theta = number(config, 'rope_theta', number(config, 'rotary_emb_base', 10000));
    const positions = rope({ ...config, partial_rotary_factor: partial, rope_theta: theta }, headDim);
    const attentionName = (layer: number) => `gpt_neox.layers.${layer}.attention`;

    const block = (layer: number): Block => {
      const path = `gpt_neox.layers.${layer}`;
      const norm1 = weights.layerNorm(`${path}.input_layernorm`, epsilon);
      const norm2 = weights.layerNorm(`${path}.post_attention_layernorm`, epsilon);
      const qkv = weights.linear(`${path}.attention.query_key_value`);
      const out = weights.linear(`${path}.attention.dense`);
      const up = weights.linear(`${path}.mlp.dense_h_to_4h`);
      const down = weights.linear(`${path}.mlp.dense_4h_to_h`);
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim,
        scale: headDim ** -0.5,
        causal: true,
        dropout: number(config, 'attention_dropout', 0),
      };
      return (run, x) => {
        const [q, k, v] = splitHeads(run, linear(run, layerNorm(run, x, norm1), qkv), heads, 3);
        const turn = (value: typeof q) => rotary(run, value, heads, headDim, positions);
        const mixed = run.name(settings.name, linear(run, attention(run, turn(q), turn(k), v, settings), out));
        const attended = add(run, x, dropout(run, mixed, hiddenDropout));
        const inner = layerNorm(run, parallel ? x : attended, norm2);
        const fed = run.name(`${path}.mlp`, feedForward(run, inner, { up, down, kind }));
        return run.name(path, add(run, attended, dropout(run, fed, hiddenDropout)));
      };
    };

    const tokens = tokenEmbedding(config, weights, 'gpt_neox.embed_in', 'embed_out');
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const lastNorm = weights.layerNorm('gpt_neox.final_layer_norm', epsilon);
    const head = outputLayer(config, weights, 'embed_out', tokens);

    return {
      modelType: 'gpt_neox',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions: positions.maxPositions,
      positionRegime: (length) => positions.regime(length),
      encoder: null,
      sourceEmbedding: null,
      targetEmbedding: tokens,
      decoder: {
        enter: (run, x) => dropout(run, run.name('gpt_neox.embed_in', x), hiddenDropout),
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

export default gptNeoX;
