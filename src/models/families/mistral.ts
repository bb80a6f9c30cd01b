/** Mistral (Jiang et al. 2023, arXiv:2310.06825): `mistral`. Llama with a window over the positions that are seen. */

import { optionalNumber } from '../fields.ts';
import type { Family } from '../model.ts';
import { layerWindows, readSettings, rotaryDecoder } from '../rotary-decoder.ts';

/** Where the config has no such field; null in the field means no window. */
const USUAL_WINDOW = 4096;

const mistral: Family = {
  modelType: 'mistral',
  architecture: 'decoder-only',

  build(config, weights) {
    const size = config.sliding_window === undefined ? USUAL_WINDOW : optionalNumber(config, 'sliding_window');
    const window = layerWindows(config, size, () => true);
    return rotaryDecoder(config, weights, { ...readSettings(config), modelType: 'mistral', window });
  },
};

export default mistral;
