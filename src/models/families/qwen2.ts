/** Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671): `qwen2`. Llama with biases on queries, keys and values. */

import { qwenWindows, readLlamaConfig } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

export default rotaryFamily({
  modelType: 'qwen2',
  readConfig: (config) => ({ ...readLlamaConfig(config), window: qwenWindows(config) }),
});
