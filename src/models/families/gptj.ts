/**
 * GPT-J (Wang & Komatsuzaki 2021, "GPT-J-6B"): `gptj`. Attention and feed-forward layer side by side behind one norm,
 * rotary positions on neighbouring dimensions.
 */

import { attention } from '../../nn/attention.ts';
import { add, dropout } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { rotaryPositions } from '../../nn/rope-scaling.ts';
import { rotary } from '../../nn/rotary.ts';
import { activationName, number } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';

const gptj: Family = {
  modelType: 'gptj',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('transformer.', 'wte.weight');
    const hidden = number(config, 'n_embd');
    const heads = number(config, 'n_head');
    const layers = number(config, 'n_layer');
    const epsilon = number(config, 'layer_norm_epsilon', 1e-5);
    const kind = activationName(config, 'activation_function', 'gelu_new');
    const residualDropout = number(config, 'resid_pdrop', 0);
    const embeddingDropout = number(config, 'embd_pdrop', 0);
    const maxPositions = number(config, 'n_positions', 2048);
    const headDim = hidden / heads;
    const dims = config.rotary_dim === null ? null : number(config, 'rotary_dim', 64);
    if (dims === null || dims % 2 !== 0 || dims > headDim) {
      throw new Error(`config.json: "rotary_dim" is ${dims}; it must be even and at most ${headDim}, the head's size`);
    }
    const positions = rotaryPositions({
      dims,
      base: 10000,
      maxPositions,
      originalMaxPositions: null,
      scaling: null,
      interleaved: true,
    });
    const attentionName = (layer: number) => `transformer.h.${layer}.attn`;

    const block = (layer: number): Block => {
      const path = `transformer.h.${layer}`;
      const norm = weights.layerNorm(`${path}.ln_1`, epsilon);
      const [query, key, value, out] = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) =>
        weights.linear(`${path}.attn.${name}`),
      );
      const up = weights.linear(`${path}.mlp.fc_in`);
      const down = weights.linear(`${path}.mlp.fc_out`);
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim,
        scale: headDim ** -0.5,
        causal: true,
        dropout: number(config, 'attn_pdrop', 0),
      };
      return (run, x) => {
        const normal = layerNorm(run, x, norm);
        const q = rotary(run, linear(run, normal, query), heads, headDim, positions);
        const k = rotary(run, linear(run, normal, key), heads, headDim, positions);
        const mixed = linear(run, attention(run, q, k, linear(run, normal, value), settings), out);
        const attended = run.name(settings.name, dropout(run, mixed, residualDropout));
        const fed = feedForward(run, normal, { up, down, kind });
        const both = add(run, attended, run.name(`${path}.mlp`, dropout(run, fed, residualDropout)));
        return run.name(path, add(run, both, x));
      };
    };

    const tokens = tokenEmbedding(config, weights, 'transformer.wte', 'lm_head');
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const lastNorm = weights.layerNorm('transformer.ln_f', epsilon);
    const head = outputLayer(config, weights, 'lm_head', tokens);

    return {
      modelType: 'gptj',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions,
      encoder: null,
      sourceEmbedding: null,
      targetEmbedding: tokens,
      decoder: {
        enter: (run, x) => dropout(run, run.name('transformer.wte', x), embeddingDropout),
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

export default gptj;
