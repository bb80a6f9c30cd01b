/** GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): `gpt2`. */

import { activation } from '../../nn/activation.ts';
import { attention } from '../../nn/attention.ts';
import { add, dropout, splitColumns } from '../../nn/elementwise.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { activationName, boolean, number, optionalNumber } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';

const gpt2: Family = {
  modelType: 'gpt2',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('transformer.', 'wte.weight');
    const hidden = number(config, 'n_embd');
    const heads = number(config, 'n_head');
    const layers = number(config, 'n_layer');
    const epsilon = number(config, 'layer_norm_epsilon', 1e-5);
    const kind = activationName(config, 'activation_function', 'gelu_new');
    const residualDropout = number(config, 'resid_pdrop', 0.1);
    const embeddingDropout = number(config, 'embd_pdrop', 0.1);
    const attentionDropout = number(config, 'attn_pdrop', 0.1);
    const scaled = boolean(config, 'scale_attn_weights', true);
    const byLayer = boolean(config, 'scale_attn_by_inverse_layer_idx', false);
    const headDim = hidden / heads;
    if (boolean(config, 'add_cross_attention', false)) {
      throw new Error('config.json: "add_cross_attention" is true; only GPT-2 without an encoder is supported');
    }
    const attentionName = (layer: number) => `transformer.h.${layer}.attn`;

    const block = (layer: number): Block => {
      const path = `transformer.h.${layer}`;
      const norm1 = weights.layerNorm(`${path}.ln_1`, epsilon);
      const qkv = weights.linear(`${path}.attn.c_attn`, { inputMajor: true });
      const out = weights.linear(`${path}.attn.c_proj`, { inputMajor: true });
      const norm2 = weights.layerNorm(`${path}.ln_2`, epsilon);
      const up = weights.linear(`${path}.mlp.c_fc`, { inputMajor: true });
      const down = weights.linear(`${path}.mlp.c_proj`, { inputMajor: true });
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim,
        scale: (scaled ? headDim ** -0.5 : 1) / (byLayer ? layer + 1 : 1),
        causal: true,
        dropout: attentionDropout,
      };
      return (run, x) => {
        const [q, k, v] = splitColumns(run, linear(run, layerNorm(run, x, norm1), qkv), [hidden, hidden, hidden]);
        const mixed = dropout(run, linear(run, attention(run, q, k, v, settings), out), residualDropout);
        const attended = add(run, x, run.name(settings.name, mixed));
        const inner = activation(run, linear(run, layerNorm(run, attended, norm2), up), kind);
        const fed = run.name(`${path}.mlp`, dropout(run, linear(run, inner, down), residualDropout));
        return run.name(path, add(run, attended, fed));
      };
    };

    const tokens = tokenEmbedding(config, weights, 'transformer.wte', 'lm_head');
    const positions = weights.embedding('transformer.wpe');
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const lastNorm = weights.layerNorm('transformer.ln_f', epsilon);
    const head = outputLayer(config, weights, 'lm_head', tokens);

    return {
      modelType: 'gpt2',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions: optionalNumber(config, 'n_positions') ?? optionalNumber(config, 'n_ctx'),
      encoder: null,
      sourceEmbedding: null,
      targetEmbedding: tokens,
      decoder: {
        enter: (run, x) =>
          dropout(run, addPositions(run, run.name('transformer.wte', x), positions.table), embeddingDropout),
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

export default gpt2;
