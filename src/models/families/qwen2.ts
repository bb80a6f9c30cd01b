/** Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671): `qwen2`. Llama with biases on queries, keys and values. */

import { boolean, number } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const qwen2: Family = {
  modelType: 'qwen2',
  architecture: 'decoder-only',

  build(config, weights) {
    const size = boolean(config, 'use_sliding_window', false) ? number(config, 'sliding_window', 4096) : null;
    const firstWindow = number(config, 'max_window_layers', 28);
    return rotaryDecoder(config, weights, {
      ...readSettings(config),
      modelType: 'qwen2',
      window: layerWindows(config, size, (layer) => layer >= firstWindow),
    });
  },
};

export default qwen2;
