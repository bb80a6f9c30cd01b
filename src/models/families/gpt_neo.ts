/**
 * GPT-Neo (Black et al. 2021, doi:10.5281/zenodo.5297715): `gpt_neo`. GPT-2 with a window in some layers and attention
 * scores that are not scaled.
 */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { attention } from '../../nn/attention.ts';
import { dropout, rowsAt } from '../../nn/elementwise.ts';
import { feedForward } from '../../nn/feed-forward.ts';
import { linear } from '../../nn/linear.ts';
import type { Rows } from '../../nn/rows.ts';
import type { Run, Value } from '../../nn/run.ts';
import { defineFamily } from '../family.ts';
import { activationName, anything, headSize, number, optionalBoolean, readFields, size } from '../fields.ts';
import { gptDecoder } from '../gpt-decoder.ts';
import type { Weights } from '../weights.ts';

const FIELDS = {
  vocab_size: size(),
  hidden_size: size(),
  num_layers: size(),
  num_heads: size(),
  attention_types: anything,
  window_size: size(256),
  max_position_embeddings: size(2048),
  activation_function: activationName('gelu_new'),
  layer_norm_epsilon: number(1e-5),
  embed_dropout: number(0),
  attention_dropout: number(0),
  resid_dropout: number(0),
  tie_word_embeddings: optionalBoolean,
};

function readConfig(config: ModelConfig) {
  const own = readFields(config, FIELDS);
  return { ...own, attention_layers: attentionLayers(own.attention_types, own.num_layers) };
}
type GptNeoConfig = ReturnType<typeof readConfig>;

/** `global` or `local` by layer: `attention_types` lists patterns with how often each is repeated. */
function attentionLayers(given: unknown, layers: number): string[] {
  const wrong = (found: unknown) =>
    new Error(
      `config.json: "attention_types" is ${JSON.stringify(found)}; it must be a list such as ` +
        `[[["global", "local"], ${layers / 2}]] that names ${layers} layers`,
    );
  const types = given ?? [[['global', 'local'], layers / 2]];
  if (!Array.isArray(types)) throw wrong(types);
  const kinds = types.flatMap((entry: unknown): string[] => {
    const [pattern, times] = Array.isArray(entry) ? entry : [];
    if (!Array.isArray(pattern) || typeof times !== 'number') throw wrong(types);
    return Array.from({ length: times }, () => pattern.map(String)).flat();
  });
  if (kinds.length !== layers || kinds.some((kind) => kind !== 'global' && kind !== 'local')) throw wrong(types);
  return kinds;
}

function attentionBlock(config: GptNeoConfig, weights: Weights, layer: number) {
  const path = `transformer.h.${layer}.attn`;
  const inner = `${path}.attention`;
  const [query, key, value, out] = weights.linears(inner, ['q_proj', 'k_proj', 'v_proj', 'out_proj']);
  const settings = {
    name: path,
    numHeads: config.num_heads,
    numKvHeads: config.num_heads,
    headDim: headSize(config, 'hidden_size', 'num_heads'),
    scale: 1,
    causal: true,
    window: config.attention_layers[layer] === 'local' ? config.window_size : null,
    dropout: config.attention_dropout,
  };
  return (run: Run, x: Value, wanted: Rows | null): Value => {
    const q = linear(run, rowsAt(run, x, wanted), query);
    const [k, v] = [key, value].map((matrix) => linear(run, x, matrix));
    const mixed = linear(run, attention(run, q, k, v, settings), out);
    return run.name(path, run.name(inner, dropout(run, mixed, config.resid_dropout)));
  };
}

function feedForwardBlock(config: GptNeoConfig, weights: Weights, layer: number) {
  const path = `transformer.h.${layer}.mlp`;
  const [up, down] = weights.linears(path, ['c_fc', 'c_proj']);
  const kind = config.activation_function;
  return (run: Run, x: Value): Value =>
    run.name(path, dropout(run, feedForward(run, x, { up, down, kind }), config.resid_dropout));
}

export default defineFamily({
  modelType: 'gpt_neo',
  architecture: 'decoder-only',
  readConfig,
  describe: (config) => ({
    hiddenSize: config.hidden_size,
    numLayers: config.num_layers,
    numHeads: config.num_heads,
    vocabSize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
  }),
  build: (config, weights) =>
    gptDecoder(config, weights, {
      numLayers: config.num_layers,
      embeddingDropout: config.embed_dropout,
      attention: (layer) => attentionBlock(config, weights, layer),
      feedForward: (layer) => feedForwardBlock(config, weights, layer),
    }),
});
