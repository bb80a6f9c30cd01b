/** BART (Lewis et al. 2020, arXiv:1910.13461): `bart`. Norms after each sublayer, learned positions, embedding norm. */

import { layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { bartModel, EPSILON } from '../bart-layers.ts';
import type { Family } from '../model.ts';

/** The first rows of the position table belong to no position. */
const POSITION_OFFSET = 2;

const bart: Family = {
  modelType: 'bart',
  architecture: 'encoder-decoder',

  build(config, weights) {
    weights.allowWithout('model.', 'encoder.layers.0.fc1.weight');
    return bartModel(config, weights, {
      modelType: 'bart',
      normFirst: false,
      ends: (side) => {
        const positions = weights.embedding(`model.${side}.embed_positions`);
        const norm = weights.layerNorm(`model.${side}.layernorm_embedding`, EPSILON);
        return {
          enter: (run, x) => layerNorm(run, addPositions(run, x, positions.table, POSITION_OFFSET), norm),
          leave: (_run, x) => x,
        };
      },
    });
  },
};

export default bart;
