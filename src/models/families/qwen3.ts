/** Qwen3 (Yang et al. 2025, arXiv:2505.09388): `qwen3`. Queries and keys are normalized head by head. */

import { qwenWindows, readLlamaConfig } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

export default rotaryFamily({
  modelType: 'qwen3',
  readConfig: (config) => ({
    ...readLlamaConfig(config, { head_dim: 128 }),
    headNorms: true,
    window: qwenWindows(config),
  }),
});
