/**
 * GPT-Neo (Black et al. 2021, doi:10.5281/zenodo.5297715): `gpt_neo`. GPT-2 with a window in some layers and attention
 * scores that are not scaled.
 */

import { attention } from '../../nn/attention.ts';
import { add, dropout } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import { layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { activationName, type ModelConfig, number } from '../fields.ts';
import type { Block, Family } from '../model.ts';
import { outputLayer, tokenEmbedding } from '../output-layer.ts';

/** `global` or `local` by layer: `attention_types` lists patterns with how often each is repeated. */
function attentionKinds(config: ModelConfig, layers: number): string[] {
  const wrong = (found: unknown) =>
    new Error(
      `config.json: "attention_types" is ${JSON.stringify(found)}; it must be a list such as ` +
        `[[["global", "local"], ${layers / 2}]] that names ${layers} layers`,
    );
  const types = config.attention_types ?? [[['global', 'local'], layers / 2]];
  if (!Array.isArray(types)) throw wrong(types);
  const kinds = types.flatMap((entry: unknown): string[] => {
    const [pattern, times] = Array.isArray(entry) ? entry : [];
    if (!Array.isArray(pattern) || typeof times !== 'number') throw wrong(types);
    return Array.from({ length: times }, () => pattern.map(String)).flat();
  });
  if (kinds.length !== layers || kinds.some((kind) => kind !== 'global' && kind !== 'local')) throw wrong(types);
  return kinds;
}

const gptNeo: Family = {
  modelType: 'gpt_neo',
  architecture: 'decoder-only',

  build(config, weights) {
    weights.allowWithout('transformer.', 'wte.weight');
    const hidden = number(config, 'hidden_size');
    const heads = number(config, 'num_heads');
    const layers = number(config, 'num_layers');
    const epsilon = number(config, 'layer_norm_epsilon', 1e-5);
    const kind = activationName(config, 'activation_function', 'gelu_new');
    const residualDropout = number(config, 'resid_dropout', 0);
    const embeddingDropout = number(config, 'embed_dropout', 0);
    const windowSize = number(config, 'window_size', 256);
    const kinds = attentionKinds(config, layers);
    const attentionName = (layer: number) => `transformer.h.${layer}.attn`;

    const block = (layer: number): Block => {
      const path = `transformer.h.${layer}`;
      const norm1 = weights.layerNorm(`${path}.ln_1`, epsilon);
      const [query, key, value, out] = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) =>
        weights.linear(`${path}.attn.attention.${name}`),
      );
      const norm2 = weights.layerNorm(`${path}.ln_2`, epsilon);
      const up = weights.linear(`${path}.mlp.c_fc`);
      const down = weights.linear(`${path}.mlp.c_proj`);
      const settings = {
        name: attentionName(layer),
        numHeads: heads,
        numKvHeads: heads,
        headDim: hidden / heads,
        scale: 1,
        causal: true,
        window: kinds[layer] === 'local' ? windowSize : null,
        dropout: number(config, 'attention_dropout', 0),
      };
      return (run, x) => {
        const normal = layerNorm(run, x, norm1);
        const [q, k, v] = [query, key, value].map((matrix) => linear(run, normal, matrix));
        const mixed = dropout(run, linear(run, attention(run, q, k, v, settings), out), residualDropout);
        const inside = run.name(`${settings.name}.attention`, mixed);
        const attended = add(run, x, run.name(settings.name, inside));
        const fed = feedForward(run, layerNorm(run, attended, norm2), { up, down, kind });
        return run.name(path, add(run, attended, run.name(`${path}.mlp`, dropout(run, fed, residualDropout))));
      };
    };

    const tokens = tokenEmbedding(config, weights, 'transformer.wte', 'lm_head');
    const positions = weights.embedding('transformer.wpe');
    const blocks = Array.from({ length: layers }, (_, layer) => block(layer));
    const lastNorm = weights.layerNorm('transformer.ln_f', epsilon);
    const head = outputLayer(config, weights, 'lm_head', tokens);

    return {
      modelType: 'gpt_neo',
      architecture: 'decoder-only',
      hiddenSize: hidden,
      numLayers: layers,
      vocabSize: number(config, 'vocab_size'),
      maxPositions: number(config, 'max_position_embeddings', 2048),
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

export default gptNeo;
