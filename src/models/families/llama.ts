/** Llama 1 to 3 (Touvron et al. 2023, arXiv:2302.13971; Grattafiori et al. 2024, arXiv:2407.21783): `llama`. */

import { readLlamaConfig } from '../rotary-config.ts';
import { rotaryFamily } from '../rotary-decoder.ts';

export default rotaryFamily({ modelType: 'llama', readConfig: (config) => readLlamaConfig(config) });
