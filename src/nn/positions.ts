/** Absolute positions, learned or fixed. */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import { addConstant } from './elementwise.ts';
import { indexTensor } from './rows.ts';
import type { Run, Value } from './run.ts';

/** Rows at the head of fairseq's position tables that belong to no position (OPT, BART, mBART). */
export const FAIRSEQ_OFFSET = 2;

/**
 * Adds each row's position embedding.
 * @param table - [positions, width]
 * @param offset - rows at the head of the table that no position uses
 */
export function addPositions(run: Run, x: Value, table: Tensor2D, offset = 0): Value {
  const index = x.rows.cache.get(`positions${offset}`, () => indexTensor(x.rows.positions.map((p) => p + offset)));
  return addConstant(run, x, tf.gather(table, index));
}

/** As `addPositions`, by rows of the table: [rows] */
export function addPositionsAt(run: Run, x: Value, table: Tensor2D, index: Int32Array): Value {
  return addConstant(run, x, tf.gather(table, indexTensor(index)));
}
