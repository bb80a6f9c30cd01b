/**
 * Gemma (Gemma Team 2024, arXiv:2403.08295): `gemma`. Llama with scaled embeddings, norms whose weights are stored less
 * one, and gated GELU.
 */

import { activationName, readFields } from '../fields.ts';
import { readLlamaConfig, refuseBidirectional } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

const TANH = 'gelu_pytorch_tanh';

export default rotaryFamily({
  modelType: 'gemma',
  readConfig(config) {
    refuseBidirectional(config);
    const shared = readLlamaConfig(config, { head_dim: 256 });
    const { hidden_act } = readFields(config, { hidden_act: activationName(TANH) });
    // "gelu" of the first checkpoints is wrong, and read by transformers as the form that they were trained with.
    const usual = hidden_act === 'gelu' ? TANH : hidden_act;
    const { hidden_activation } = readFields(config, { hidden_activation: activationName(usual) });
    return {
      ...shared,
      hidden_act: hidden_activation,
      normOffset: 1,
      embeddingScale: shared.hidden_size ** 0.5,
    };
  },
});
