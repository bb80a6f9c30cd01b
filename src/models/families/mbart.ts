/**
 * mBART (Liu et al. 2020, arXiv:2001.08210; mBART-50: Tang et al. 2020, arXiv:2008.00401): `mbart`.
 * BART with norms before each sublayer and one more after each stack.
 */

import { LAYER_NORM_EPSILON, layerNorm } from '../../nn/norm.ts';
import { addPositions, FAIRSEQ_OFFSET } from '../../nn/positions.ts';
import { bartNetwork, describeBart, readBartConfig } from '../bart-layers.ts';
import { defineFamily } from '../family.ts';

export default defineFamily({
  modelType: 'mbart',
  architecture: 'encoder-decoder',
  readConfig: (config) => readBartConfig(config),
  describe: describeBart,
  build(config, weights) {
    weights.allowMissingPrefix('model.', 'encoder.layers.0.fc1.weight');
    const norm = (name: string) => weights.layerNorm(`model.${name}`, LAYER_NORM_EPSILON);
    const encoderNorm = norm('encoder.layer_norm');
    return bartNetwork(config, weights, {
      normFirst: true,
      lastNorm: norm('decoder.layer_norm'),
      ends(side) {
        const positions = weights.positionTable(`model.${side}.embed_positions`, FAIRSEQ_OFFSET);
        const embeddingNorm = norm(`${side}.layernorm_embedding`);
        return {
          enter: (run, x) => layerNorm(run, addPositions(run, x, positions, FAIRSEQ_OFFSET), embeddingNorm),
          leave: (run, x) => (side === 'encoder' ? layerNorm(run, x, encoderNorm) : x),
        };
      },
    });
  },
});
