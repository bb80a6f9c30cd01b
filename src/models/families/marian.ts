/**
 * Marian (Junczys-Dowmunt et al. 2018, arXiv:1804.00344; OPUS-MT: Tiedemann & Thottingal 2020): `marian`.
 * The original Transformer: norms after each sublayer, sinusoidal positions, none after the stacks.
 */

import { addPositions } from '../../nn/positions.ts';
import { sinusoidalTable } from '../../nn/sinusoidal.ts';
import { bartNetwork, describeBart, readBartConfig } from '../bart-layers.ts';
import { defineFamily } from '../family.ts';

export default defineFamily({
  modelType: 'marian',
  architecture: 'encoder-decoder',
  readConfig: (config) => readBartConfig(config),
  // Some have a vocabulary of their own for each language.
  describe: (config) => ({ ...describeBart(config), vocabSize: config.decoder_vocab_size ?? config.vocab_size }),
  build(config, weights) {
    weights.allowMissingPrefix('model.', 'encoder.layers.0.fc1.weight');
    const { d_model: width, max_position_embeddings: count } = config;
    const frequencies = Float64Array.from({ length: Math.ceil(width / 2) }, (_, i) => 10_000 ** ((-2 * i) / width));
    const positions = weights.computed('positions', () => sinusoidalTable(count, width, frequencies));
    return bartNetwork(config, weights, {
      normFirst: false,
      lastNorm: null,
      ends: () => ({ enter: (run, x) => addPositions(run, x, positions) }),
    });
  },
});
