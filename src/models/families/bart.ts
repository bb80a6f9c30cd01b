/** BART (Lewis et al. 2020, arXiv:1910.13461): `bart`. Norms after each sublayer, learned positions, embedding norm. */

import { LAYER_NORM_EPSILON, layerNorm } from '../../nn/norm.ts';
import { addPositions, FAIRSEQ_OFFSET } from '../../nn/positions.ts';
import { bartNetwork, describeBart, readBartConfig } from '../bart-layers.ts';
import { defineFamily } from '../family.ts';

export default defineFamily({
  modelType: 'bart',
  architecture: 'encoder-decoder',
  readConfig: (config) => readBartConfig(config),
  describe: describeBart,
  build(config, weights) {
    weights.allowMissingPrefix('model.', 'encoder.layers.0.fc1.weight');
    return bartNetwork(config, weights, {
      normFirst: false,
      lastNorm: null,
      ends(side) {
        const positions = weights.positionTable(`model.${side}.embed_positions`, FAIRSEQ_OFFSET);
        const norm = weights.layerNorm(`model.${side}.layernorm_embedding`, LAYER_NORM_EPSILON);
        return { enter: (run, x) => layerNorm(run, addPositions(run, x, positions, FAIRSEQ_OFFSET), norm) };
      },
    });
  },
});
