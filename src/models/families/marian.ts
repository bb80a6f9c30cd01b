/**
 * Marian (Junczys-Dowmunt et al. 2018, arXiv:1804.00344; OPUS-MT: Tiedemann & Thottingal 2020): `marian`.
 * The original Transformer: norms after each sublayer, sinusoidal positions, none after the stacks.
 */

import { addPositions } from '../../nn/positions.ts';
import { sinusoidalTable } from '../../nn/sinusoidal.ts';
import { bartModel } from '../bart-layers.ts';
import { number } from '../fields.ts';
import type { Family } from '../model.ts';

const marian: Family = {
  modelType: 'marian',
  architecture: 'encoder-decoder',

  build(config, weights) {
    weights.allowWithout('model.', 'encoder.layers.0.fc1.weight');
    const width = number(config, 'd_model');
    const count = number(config, 'max_position_embeddings');
    const frequencies = Float64Array.from({ length: Math.ceil(width / 2) }, (_, i) => 10_000 ** ((-2 * i) / width));
    const positions = weights.computed('positions', () => sinusoidalTable(count, width, frequencies));
    return bartModel(config, weights, {
      modelType: 'marian',
      normFirst: false,
      ends: () => ({ enter: (run, x) => addPositions(run, x, positions), leave: (_run, x) => x }),
    });
  },
};

export default marian;
