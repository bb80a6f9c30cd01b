/**
 * M2M100 (Fan et al. 2021, arXiv:2010.11125) and NLLB-200 (NLLB Team 2022, arXiv:2207.04672): `m2m_100`.
 * Norms before each sublayer and after each stack; sinusoidal positions that start after the padding token's id.
 */

import { LAYER_NORM_EPSILON, layerNorm } from '../../nn/norm.ts';
import { addPositions } from '../../nn/positions.ts';
import { sinusoidalTable } from '../../nn/sinusoidal.ts';
import { bartNetwork, describeBart, readBartConfig } from '../bart-layers.ts';
import { defineFamily } from '../family.ts';

const DEFAULTS = { activation_function: 'relu', attention_dropout: 0.1, scale_embedding: true };

export default defineFamily({
  modelType: 'm2m_100',
  architecture: 'encoder-decoder',
  readConfig: (config) => readBartConfig(config, DEFAULTS),
  describe: describeBart,
  build(config, weights) {
    weights.allowWithout('model.', 'encoder.layers.0.fc1.weight');
    const { d_model: width, pad_token_id: padding, max_position_embeddings: count } = config;
    const half = Math.floor(width / 2);
    // In float32, as the checkpoints were trained.
    const frequencies = Float32Array.from({ length: half }, (_, i) => 10_000 ** (-i / (half - 1)));
    const first = padding + 1;
    const positions = weights.computed('positions', () => sinusoidalTable(count + first, width, frequencies));
    const encoderNorm = weights.layerNorm('model.encoder.layer_norm', LAYER_NORM_EPSILON);
    return bartNetwork(config, weights, {
      normFirst: true,
      lastNorm: weights.layerNorm('model.decoder.layer_norm', LAYER_NORM_EPSILON),
      ends: (side) => ({
        enter: (run, x) => addPositions(run, x, positions, first),
        leave: (run, x) => (side === 'encoder' ? layerNorm(run, x, encoderNorm) : x),
      }),
    });
  },
});
