/**
 * Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219): `phi3`. Llama with fused projections, LongRoPE and, in
 * some, rotary positions on a part of each head.
 */

import { number, object, optionalNumber, readFields } from '../fields.ts';
import { layerWindows, readLlamaConfig } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

const FIELDS = { rope_scaling: object, sliding_window: optionalNumber(), resid_pdrop: number(0) };

export default rotaryFamily({
  modelType: 'phi3',
  readConfig(config) {
    const { rope_scaling: scaling, sliding_window, resid_pdrop } = readFields(config, FIELDS);
    // "yarn" in the first checkpoints is LongRoPE too.
    const isYarn = scaling?.type === 'yarn' || scaling?.rope_type === 'yarn';
    const renamed = isYarn ? { ...config, rope_scaling: { ...scaling, rope_type: 'longrope' } } : config;
    return {
      ...readLlamaConfig(renamed),
      fused: true,
      residualDropout: resid_pdrop,
      window: layerWindows(config, sliding_window, () => true),
    };
  },
});
