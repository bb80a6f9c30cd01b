/** Llama 1 to 3 (Touvron et al. 2023, arXiv:2302.13971; Grattafiori et al. 2024, arXiv:2407.21783): `llama`. */

import type { Family } from '../model.ts';
import { readSettings, rotaryDecoder } from '../rotary-decoder.ts';

const llama: Family = {
  modelType: 'llama',
  architecture: 'decoder-only',
  build: (config, weights) => rotaryDecoder(config, weights, { ...readSettings(config), modelType: 'llama' }),
};

export default llama;
