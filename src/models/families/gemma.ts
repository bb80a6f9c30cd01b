/**
 * Gemma (Gemma Team 2024, arXiv:2403.08295): `gemma`. Llama with scaled embeddings, norms whose weights are stored less
 * one, and gated GELU.
 */

import { activationName } from '../fields.ts';
import type { Family } from '../model.ts';
import { readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const gemma: Family = {
  modelType: 'gemma',
  architecture: 'decoder-only',

  build(config, weights) {
    const settings = readSettings(config, { headDim: 256 });
    return rotaryDecoder(config, weights, {
      ...settings,
      modelType: 'gemma',
      // "hidden_act" of the first checkpoints is wrong, and ignored by transformers.
      activation: activationName(config, 'hidden_activation', 'gelu_pytorch_tanh'),
      normOffset: 1,
      embeddingScale: settings.hiddenSize ** 0.5,
    });
  },
};

export default gemma;
