/** What methods read of both sides of a sequence: features, baselines, and which positions a column sees. */

import { type Tensor2D, tf } from '../../../tensors/tf.ts';
import type { MethodTask } from '../../method.ts';
import type { GradientBlock } from '../../passes/gradient-passes.ts';
import type { Passes } from '../../passes/passes.ts';
import { mapSides, type Side, type Sides } from '../../sides.ts';

/** Neighboring columns. */
export type Columns = Pick<GradientBlock, 'columnStart' | 'columns'>;

/** A matrix of each side; null: the model has no such side, or it is not attributed. */
export type SideTensors = Sides<Tensor2D | null>;

/** Clean features of each side: [positions, hidden] */
export function featuresOf({ sourceFeatures, targetFeatures }: Passes): SideTensors {
  return { source: sourceFeatures, target: targetFeatures };
}

/** Baseline features of each side: [positions, hidden] */
export function baselinesOf({ sourceBaseline, targetBaseline }: Passes): SideTensors {
  return { source: sourceBaseline, target: targetBaseline };
}

/** Positions of each side; 0: the model has no such side. */
export function positionsOf({ sourceLength, length }: Passes): Sides<number> {
  return { source: sourceLength, target: length };
}

/** Which sides are attributed. */
export function attributedSides({ passes, attributeTarget }: MethodTask<unknown>): Sides<boolean> {
  return { source: passes.sourceFeatures !== null, target: attributeTarget };
}

/** Input - baseline of each side: [positions, hidden]. In the caller's tidy. */
export function inputDeltas(passes: Passes): SideTensors {
  const baselines = baselinesOf(passes);
  return mapSides(featuresOf(passes), (input, side) => {
    const baseline = baselines[side];
    return input && baseline && tf.sub(input, baseline);
  });
}

/** How many positions of a side a column sees: all of the source, of the target what the last of its steps sees. */
export function visiblePositions(passes: Passes, side: Side, column: number): number {
  return side === 'source' ? passes.sourceLength : passes.lastRead[column] + 1;
}

/**
 * The rows of a matrix [positions, hidden] that gradients of a block are multiplied by: one row for each of the
 * gradients' rows of one copy, which are (column, visible position). In the caller's tidy.
 */
export function rowsPerColumn(passes: Passes, block: Columns, side: Side, matrix: Tensor2D): Tensor2D {
  const index: number[] = [];
  for (let column = block.columnStart; column < block.columnStart + block.columns; column++) {
    const visible = visiblePositions(passes, side, column);
    for (let position = 0; position < visible; position++) index.push(position);
  }
  return tf.gather(matrix, tf.tensor1d(index, 'int32'));
}

/** A block's gradients of one copy times a matrix [positions, hidden] of each side. In the caller's tidy. */
export function timesRows(passes: Passes, block: Columns, gradients: SideTensors, matrices: SideTensors): SideTensors {
  return mapSides(gradients, (rows, side) => {
    const matrix = matrices[side];
    return rows && matrix && tf.mul(rows, rowsPerColumn(passes, block, side, matrix));
  });
}
