/** Qwen3 (Yang et al. 2025, arXiv:2505.09388): `qwen3`. Queries and keys are normalized head by head. */

import { boolean, number } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const qwen3: Family = {
  modelType: 'qwen3',
  architecture: 'decoder-only',

  build(config, weights) {
    const size = boolean(config, 'use_sliding_window', false) ? number(config, 'sliding_window', 4096) : null;
    const firstWindow = number(config, 'max_window_layers', 28);
    return rotaryDecoder(config, weights, {
      ...readSettings(config, { headDim: 128 }),
      modelType: 'qwen3',
      headNorms: true,
      window: layerWindows(config, size, (layer) => layer >= firstWindow),
    });
  },
};

export default qwen3;
