/**
 * Gemma 3, text (Gemma Team 2025, arXiv:2503.19786): `gemma3_text`, and the text part of `gemma3`, which sees images.
 * Gemma 2 with norms of queries and keys in place of the caps, five layers with a window to one without, and rotary
 * positions of their own for those with a window.
 */

import type { ModelConfig } from '../../checkpoints/config.ts';
import { activationName, number, object, optionalNumber, readFields, size } from '../fields.ts';
import {
  layerWindows,
  type RotaryDecoderConfig,
  readLlamaConfig,
  readRope,
  refuseBidirectional,
} from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

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

const FIELDS = {
  hidden_activation: activationName('gelu_pytorch_tanh'),
  query_pre_attn_scalar: number(256),
  attn_logit_softcapping: optionalNumber(),
  final_logit_softcapping: optionalNumber(),
  sliding_window: size(4096),
  sliding_window_pattern: size(6),
  rope_local_base_freq: number(10_000),
  rope_parameters: object,
};

function readConfig(config: ModelConfig): RotaryDecoderConfig {
  refuseBidirectional(config);
  const own = readFields(config, FIELDS);
  // transformers 5 keeps the rotary parameters of the two kinds of layers side by side.
  const { full_attention, sliding_attention } = readFields(own.rope_parameters ?? {}, {
    full_attention: object,
    sliding_attention: object,
  });
  const globalConfig = { ...config, rope_parameters: full_attention };
  const shared = readLlamaConfig(globalConfig, { head_dim: 256, rope_theta: 1_000_000 });
  const localParameters = sliding_attention ?? { rope_theta: own.rope_local_base_freq };
  const localConfig = { ...config, rope_scaling: null, rope_parameters: localParameters };
  const globalRotary = shared.rotary(0);
  const localRotary = { ...readRope(localConfig, shared.head_dim), key: 'local' };
  const pattern = own.sliding_window_pattern;
  const window = layerWindows(config, own.sliding_window, (layer) => (layer + 1) % pattern !== 0);
  return {
    ...shared,
    hidden_act: own.hidden_activation,
    normOffset: 1,
    headNorms: true,
    outputNorms: true,
    embeddingScale: shared.hidden_size ** 0.5,
    scoreScale: own.query_pre_attn_scalar ** -0.5,
    scoreCap: own.attn_logit_softcapping,
    logitCap: own.final_logit_softcapping,
    window,
    rotary: (layer) => (window(layer) === null ? globalRotary : localRotary),
  };
}

export default rotaryFamily({
  modelType: ['gemma3_text', 'gemma3'],
  textConfig: (config) => ({ ...DEFAULTS, ...(object(config.text_config, 'text_config') ?? config) }),
  readConfig,
  aliases(weights) {
    weights.aliasPrefix('model.', ['language_model.model.', 'model.language_model.'], 'embed_tokens.weight');
    weights.aliasPrefix('lm_head.', ['language_model.lm_head.'], 'weight');
  },
});
