/**
 * Gemma 3, text (Gemma Team 2025, arXiv:2503.19786): `gemma3_text`, and the text part of `gemma3`, which sees images.
 * Gemma 2 with norms of queries and keys in place of the caps, five layers with a window to one without, and rotary
 * positions of their own for those with a window.
 */

import { activationName, number, object, optionalNumber, string } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, refuseBidirectional, rope, rotaryDecoder } from '../rotary-decoder.ts';

/** What the `text_config` of checkpoints leaves out, by transformers' Gemma3TextConfig. */
const DEFAULTS = {
  vocab_size: 262_208,
  hidden_size: 2304,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  max_position_embeddings: 131_072,
  tie_word_embeddings: true,
};

const gemma3: Family = {
  modelType: ['gemma3_text', 'gemma3'],
  architecture: 'decoder-only',
  textConfig: (config) => ({ ...DEFAULTS, ...(object(config, 'text_config') ?? config) }),

  build(config, weights) {
    refuseBidirectional(config);
    weights.allowUnder('model.', ['language_model.model.', 'model.language_model.'], 'embed_tokens.weight');
    weights.allowUnder('lm_head.', ['language_model.lm_head.'], 'weight');
    // transformers 5 keeps the rotary parameters of the two kinds of layers side by side.
    const byKind = object(config, 'rope_parameters') ?? {};
    const parameters = object(byKind, 'full_attention');
    const globalConfig = { ...config, rope_parameters: parameters ?? undefined };
    const settings = readSettings(globalConfig, { headDim: 256, ropeTheta: 1_000_000 });
    const localBase = number(config, 'rope_local_base_freq', 10_000);
    const localParameters = object(byKind, 'sliding_attention') ?? { rope_theta: localBase };
    const localConfig = { ...config, rope_scaling: null, rope_parameters: localParameters };
    const globalRotary = settings.rotary(0);
    const localRotary = { ...rope(localConfig, settings.headDim), key: 'local' };
    const pattern = number(config, 'sliding_window_pattern', 6);
    const size = number(config, 'sliding_window', 4096);
    const window = layerWindows(config, size, (layer) => (layer + 1) % pattern !== 0);
    return {
      ...rotaryDecoder(config, weights, {
        ...settings,
        modelType: string(config, 'model_type'),
        activation: activationName(config, 'hidden_activation', 'gelu_pytorch_tanh'),
        normOffset: 1,
        headNorms: true,
        outputNorms: true,
        embeddingScale: settings.hiddenSize ** 0.5,
        scoreScale: number(config, 'query_pre_attn_scalar', 256) ** -0.5,
        scoreCap: optionalNumber(config, 'attn_logit_softcapping'),
        logitCap: optionalNumber(config, 'final_logit_softcapping'),
        window,
        rotary: (layer) => (window(layer) === null ? globalRotary : localRotary),
      }),
      maxPositions: globalRotary.maxPositions,
    };
  },
};

export default gemma3;
