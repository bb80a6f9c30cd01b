/** Mistral (Jiang et al. 2023, arXiv:2310.06825): `mistral`. Llama with a window over the positions that are seen. */

import { optionalNumber, readFields } from '../fields.ts';
import { layerWindows, readLlamaConfig } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

export default rotaryFamily({
  modelType: 'mistral',
  readConfig(config) {
    // Null in the field means no window.
    const { sliding_window } = readFields(config, { sliding_window: optionalNumber(4096) });
    return { ...readLlamaConfig(config), window: layerWindows(config, sliding_window, () => true) };
  },
});
