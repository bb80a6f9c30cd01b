/** OPT (Zhang et al. 2022, arXiv:2205.01068): `opt`. Norms before the sublayers, or behind them in the 350 M model. */

import { attention } from '../../nn/attention.ts';
import { add, dropout } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { type LayerNorm, layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import type { Run, Value } from '../../nn/run.ts';
import { tf } from '../../tensors/tf.ts';
import { activationName, boolean, number } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';

/** PyTorch's default, which OPT does not change. */
const EPSILON = 1e-5;
/** Rows at the head of the position embeddings that no position uses. */
const POSITION_OFFSET = 2;

const opt: Family = {
  modelType: 'opt',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('model.', 'decoder.embed_tokens.weight');
    const hidden = number(config, 'hidden_size');
    const heads = number(config, 'num_attention_heads');
    const layers = number(config, 'num_hidden_layers');
    const embeddingSize = number(config, 'word_embed_proj_dim', hidden);
    const kind = activationName(config, 'activation_function', 'relu');
    const rate = number(config, 'dropout', 0.1);
    const normFirst = boolean(config, 'do_layer_norm_before', true);
    const affine = boolean(config, 'layer_norm_elementwise_affine', true);
    const attentionName = (layer: number) => `model.decoder.layers.${layer}.self_attn`;

    const norm = (name: string): LayerNorm => {
      if (affine) return weights.layerNorm(name, EPSILON);
      return {
        name,
        weight: weights.computed(name, () => tf.ones<typeof tf.Rank.R1>([hidden])),
        bias: null,
        epsilon: EPSILON,
      };
    };

    const residual = (run: Run, x: Value, by: LayerNorm, sublayer: (x: Value) => Value): Value =>
      normFirst
        ? add(run, x, dropout(run, sublayer(layerNorm(run, x, by)), rate))
        : layerNorm(run, add(run, x, dropout(run, sublayer(x), rate)), by);

    const block = (layer: number): Block => {
      const path = `model.decoder.layers.${layer}`;
      const [query, key, value, out] = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) =>
        weights.linear(`${path}.self_attn.${name}`),
      );
      const norm1 = norm(`${path}.self_attn_layer_norm`);
      const up = weights.linear(`${path}.fc1`);
      const down = weights.linear(`${path}.fc2`);
      const norm2 = norm(`${path}.final_layer_norm`);
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim: hidden / heads,
        scale: (hidden / heads) ** -0.5,
        causal: true,
        dropout: number(config, 'attention_dropout', 0),
      };
      return (run, x) => {
        const attended = residual(run, x, norm1, (input) => {
          const [q, k, v] = [query, key, value].map((matrix) => linear(run, input, matrix));
          return run.name(settings.name, linear(run, attention(run, q, k, v, settings), out));
        });
        return run.name(
          path,
          residual(run, attended, norm2, (input) => feedForward(run, input, { up, down, kind })),
        );
      };
    };

    const tokens = tokenEmbedding(config, weights, 'model.decoder.embed_tokens', 'lm_head');
    const positions = weights.embedding('model.decoder.embed_positions');
    const narrow = embeddingSize !== hidden;
    const projectIn = narrow ? weights.linear('model.decoder.project_in') : null;
    const projectOut = narrow ? weights.linear('model.decoder.project_out') : null;
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const hasLastNorm = normFirst && !boolean(config, '_remove_final_layer_norm', false);
    const lastNorm = hasLastNorm ? norm('model.decoder.final_layer_norm') : null;
    const head = outputLayer(config, weights, 'lm_head', tokens);

    return {
      modelType: 'opt',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions: number(config, 'max_position_embeddings', 2048),
      encoder: null,
      sourceEmbedding: null,
      targetEmbedding: tokens,
      decoder: {
        enter: (run, features) => {
          const embedded = run.name('model.decoder.embed_tokens', features);
          const wide = projectIn === null ? embedded : linear(run, embedded, projectIn);
          return addPositions(run, wide, positions.table, POSITION_OFFSET);
        },
        blocks,
        leave: (_run, x) => x,
        selfAttention: blocks.map((_, layer) => attentionName(layer)),
        crossAttention: [],
      },
      ...(lastNorm !== null && { lastNorm: (run, x) => layerNorm(run, x, lastNorm) }),
      head: (run, x) => {
        const normal = lastNorm === null ? x : layerNorm(run, x, lastNorm);
        return linear(run, projectOut === null ? normal : linear(run, normal, projectOut), head);
      },
    };
  },
};

export default opt;
