/**
 * M2M100 (Fan et al. 2021, arXiv:2010.11125) and NLLB-200 (NLLB Team 2022, arXiv:2207.04672): `m2m_100`.
 * Norms before each sublayer and after each stack; sinusoidal positions that start after the padding token's id.
 *
 * transformers numbers positions by ids while it generates, where padding tokens count for nothing, and one after the
 * other where it is given embeddings, as attribution does.
 */

import { LAYER_NORM_EPSILON, layerNorm } from '../../nn/norm.ts';
import { addPositions, addPositionsAt } from '../../nn/positions.ts';
import type { Rows } from '../../nn/rows.ts';
import { sinusoidalTable } from '../../nn/sinusoidal.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { type BartConfig, bartNetwork, describeBart, readBartConfig } from '../bart-layers.ts';
import { defineFamily } from '../family.ts';

const DEFAULTS = { activation_function: 'relu', attention_dropout: 0.1, scale_embedding: true };

/** Rows of the table for the tokens of rows, of which each segment's earlier ones are in the cache. */
function positionsOf(rows: Rows, ids: Int32Array, padding: number): Int32Array {
  const index = new Int32Array(rows.count);
  let row = 0;
  for (const { first, length } of rows.parts) {
    for (const before of first) {
      let last = padding + before;
      for (let position = before; position < length; position++, row++) {
        index[row] = ids[row] === padding ? padding : ++last;
      }
    }
  }
  return index;
}

/** The table with zeros for the padding token. */
function positionTable(config: BartConfig): Tensor2D {
  const { d_model: width, pad_token_id: padding, max_position_embeddings: count } = config;
  const half = Math.floor(width / 2);
  // In float32, as the checkpoints were trained.
  const frequencies = Float32Array.from({ length: half }, (_, i) => 10_000 ** (-i / (half - 1)));
  const table = sinusoidalTable(count + padding + 1, width, frequencies);
  return tf.tensorScatterUpdate(table, tf.tensor2d([[padding]], [1, 1], 'int32'), tf.zeros([1, width])) as Tensor2D;
}

export default defineFamily({
  modelType: 'm2m_100',
  architecture: 'encoder-decoder',
  readConfig: (config) => readBartConfig(config, DEFAULTS),
  describe: describeBart,
  build(config, weights) {
    weights.allowMissingPrefix('model.', 'encoder.layers.0.fc1.weight');
    const { pad_token_id: padding } = config;
    const positions = weights.computed('positions', () => positionTable(config));
    const encoderNorm = weights.layerNorm('model.encoder.layer_norm', LAYER_NORM_EPSILON);
    return bartNetwork(config, weights, {
      normFirst: true,
      lastNorm: weights.layerNorm('model.decoder.layer_norm', LAYER_NORM_EPSILON),
      ends: (side) => ({
        enter: (run, x, ids) =>
          ids === undefined
            ? addPositions(run, x, positions, padding + 1)
            : addPositionsAt(run, x, positions, positionsOf(x.rows, ids, padding)),
        leave: (run, x) => (side === 'encoder' ? layerNorm(run, x, encoderNorm) : x),
      }),
    });
  },
});
