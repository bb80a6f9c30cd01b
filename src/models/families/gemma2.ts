/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118): `gemma2`. Gemma with a window in every other layer, caps on attention
 * scores and logits, and norms behind each sublayer too.
 */

import { activationName, number, optionalNumber } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, refuseBidirectional, rotaryDecoder } from '../rotary-decoder.ts';

const gemma2: Family = {
  modelType: 'gemma2',
  architecture: 'decoder-only',

  build(config, weights) {
    refuseBidirectional(config);
    const settings = readSettings(config, { headDim: 256 });
    const cap = (field: string, usual: number) => (config[field] === undefined ? usual : optionalNumber(config, field));
    return rotaryDecoder(config, weights, {
      ...settings,
      modelType: 'gemma2',
      activation: activationName(config, 'hidden_activation', 'gelu_pytorch_tanh'),
      normOffset: 1,
      outputNorms: true,
      embeddingScale: settings.hiddenSize ** 0.5,
      scoreScale: number(config, 'query_pre_attn_scalar', 256) ** -0.5,
      scoreCap: cap('attn_logit_softcapping', 50),
      logitCap: cap('final_logit_softcapping', 30),
      window: layerWindows(config, number(config, 'sliding_window', 4096), (layer) => layer % 2 === 0),
    });
  },
};

export default gemma2;
