/**
 * M2M100 (Fan et al. 2021, arXiv:2010.11125) and NLLB-200 (NLLB Team 2022, arXiv:2207.04672): `m2m_100`.
 * Norms before each sublayer and after each stack; sinusoidal positions that start after the padding token's id.
 */

import { layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { sinusoidalTable } from '../../nn/sinusoidal.ts';
import { bartModel, EPSILON } from '../bart-layers.ts';
import { number } from '../fields.ts';
import type { Family } from '../model.ts';

const m2m100: Family = {
  modelType: 'm2m_100',
  architecture: 'encoder-decoder',

  build(config, weights) {
    weights.allowWithout('model.', 'encoder.layers.0.fc1.weight');
    const width = number(config, 'd_model');
    const half = Math.floor(width / 2);
    // In float32, as the checkpoints were trained.
    const frequencies = Float32Array.from({ length: half }, (_, i) => 10_000 ** (-i / (half - 1)));
    const first = number(config, 'pad_token_id', 1) + 1;
    const count = number(config, 'max_position_embeddings') + first;
    const positions = weights.computed('positions', () => sinusoidalTable(count, width, frequencies));
    const encoderNorm = weights.layerNorm('model.encoder.layer_norm', EPSILON);
    return bartModel(config, weights, {
      modelType: 'm2m_100',
      normFirst: true,
      defaults: { activation: 'relu', attentionDropout: 0.1, scaleEmbedding: true },
      lastNorm: weights.layerNorm('model.decoder.layer_norm', EPSILON),
      ends: (side) => ({
        enter: (run, x) => addPositions(run, x, positions, first),
        leave: (run, x) => (side === 'encoder' ? layerNorm(run, x, encoderNorm) : x),
      }),
    });
  },
};

export default m2m100;
