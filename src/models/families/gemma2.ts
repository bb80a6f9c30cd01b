/**
 * Gemma 2 (Gemma Team 2024, arXiv:2408.00118): `gemma2`. Gemma with a window in every other layer, caps on attention
 * scores and logits, and norms behind each sublayer too.
 */

import { activationName, number, optionalNumber, readFields, size } from '../fields.ts';
import { layerWindows, readLlamaConfig, refuseBidirectional } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

const FIELDS = {
  hidden_activation: activationName('gelu_pytorch_tanh'),
  query_pre_attn_scalar: number(256),
  attn_logit_softcapping: optionalNumber(50),
  final_logit_softcapping: optionalNumber(30),
  sliding_window: size(4096),
};

export default rotaryFamily({
  modelType: 'gemma2',
  readConfig(config) {
    refuseBidirectional(config);
    const shared = readLlamaConfig(config, { head_dim: 256 });
    const own = readFields(config, FIELDS);
    return {
      ...shared,
      hidden_act: own.hidden_activation,
      normOffset: 1,
      outputNorms: true,
      embeddingScale: shared.hidden_size ** 0.5,
      scoreScale: own.query_pre_attn_scalar ** -0.5,
      scoreCap: own.attn_logit_softcapping,
      logitCap: own.final_logit_softcapping,
      window: layerWindows(config, own.sliding_window, (layer) => layer % 2 === 0),
    };
  },
});
