/**
 * mBART (Liu et al. 2020, arXiv:2001.08210; mBART-50: Tang et al. 2020, arXiv:2008.00401): `mbart`.
 * BART with norms before each sublayer and one more after each stack.
 */

import { layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { bartModel, EPSILON } from '../bart-layers.ts';
import type { Family } from '../model.ts';

/** The first rows of the position table belong to no position. */
const POSITION_OFFSET = 2;

const mbart: Family = {
  modelType: 'mbart',
  architecture: 'encoder-decoder',

  build(config, weights) {
    weights.allowWithout('model.', 'encoder.layers.0.fc1.weight');
    const encoderNorm = weights.layerNorm('model.encoder.layer_norm', EPSILON);
    return bartModel(config, weights, {
      modelType: 'mbart',
      normFirst: true,
      lastNorm: weights.layerNorm('model.decoder.layer_norm', EPSILON),
      ends: (side) => {
        const positions = weights.embedding(`model.${side}.embed_positions`);
        const norm = weights.layerNorm(`model.${side}.layernorm_embedding`, EPSILON);
        return {
          enter: (run, x) => layerNorm(run, addPositions(run, x, positions.table, POSITION_OFFSET), norm),
          leave: (run, x) => (side === 'encoder' ? layerNorm(run, x, encoderNorm) : x),
        };
      },
    });
  },
};

export default mbart;
