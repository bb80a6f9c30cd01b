/**
 * Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219): `phi3`. Llama with fused projections, LongRoPE and, in
 * some, rotary positions on a part of each head.
 */

import { number, object, optionalNumber } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const phi3: Family = {
  modelType: 'phi3',
  architecture: 'decoder-only',

  build(config, weights) {
    const scaling = object(config, 'rope_scaling');
    // "yarn" in the first checkpoints is LongRoPE too.
    const named = scaling?.type === 'yarn' || scaling?.rope_type === 'yarn';
    const renamed = named ? { ...config, rope_scaling: { ...scaling, rope_type: 'longrope' } } : config;
    return rotaryDecoder(config, weights, {
      ...readSettings(renamed),
      modelType: 'phi3',
      fused: true,
      residualDropout: number(config, 'resid_pdrop', 0),
      window: layerWindows(config, optionalNumber(config, 'sliding_window'), () => true),
    });
  },
};

export default phi3;
