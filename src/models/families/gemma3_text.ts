/**
 * Gemma 3, text (Gemma Team 2025, arXiv:2503.19786): `gemma3_text`. Gemma 2 with norms of queries and keys in place of
 * the caps, five layers with a window to one without, and rotary positions of their own for those with a window.
 */

import { activationName, boolean, number, object, optionalNumber } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rope, rotaryDecoder } from '../rotary-decoder.ts';

const gemma3: Family = {
  modelType: 'gemma3_text',
  architecture: 'decoder-only',

  build(config, weights) {
    if (boolean(config, 'use_bidirectional_attention', false)) {
      throw new Error(
        'config.json: "use_bidirectional_attention" is true: the checkpoint embeds text, it generates none',
      );
    }
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
        modelType: 'gemma3_text',
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
