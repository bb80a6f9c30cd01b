/**
 * Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219): `phi3`. Llama with fused projections, LongRoPE and, in
 * some, rotary positions on a part of each head.
 */

import { number, optionalNumber } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const phi3: Family = {
  modelType: 'phi3',
  architecture: 'decoder-only',

  build(config, weights) {
    return rotaryDecoder(config, weights, {
      ...readSettings(config),
      modelType: 'phi3',
      fused: true,
      residualDropout: number(config, 'resid_pdrop', 0),
      window: layerWindows(config, optionalNumber(config, 'sliding_window'), () => true),
    });
  },
};

export default phi3;
