/**
 * Gemma (Gemma Team 2024, arXiv:2403.08295): `gemma`. Llama with scaled embeddings, norms whose weights are stored less
 * one, and gated GELU.
 */

import { activationName } from '../fields.ts';
import type { Family } from '../model.ts';
import { readSettings, refuseBidirectional, rotaryDecoder } from '../rotary-decoder.ts';

const TANH = 'gelu_pytorch_tanh';

const gemma: Family = {
  modelType: 'gemma',
  architecture: 'decoder-only',

  build(config, weights) {
    refuseBidirectional(config);
    const settings = readSettings(config, { headDim: 256 });
    // "gelu" of the first checkpoints is wrong, and read by transformers as the form that they were trained with.
    const act = activationName(config, 'hidden_act', TANH);
    return rotaryDecoder(config, weights, {
      ...settings,
      modelType: 'gemma',
      activation: activationName(config, 'hidden_activation', act === 'gelu' ? TANH : act),
      normOffset: 1,
      embeddingScale: settings.hiddenSize ** 0.5,
    });
  },
};

export default gemma;
