/** Copies of a sequence in which some tokens are replaced, evaluated for all steps at once. */

import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Sides } from '../sides.ts';
import type { Objective } from './objective.ts';
import type { Passes } from './passes.ts';
import { disposeFeatures } from './sequence-features.ts';

/** 1 where a token is kept, 0 where it is replaced: [samples * tokens] of each side; null: nothing is replaced. */
export interface Masks extends Sides<Uint8Array | null> {
  samples: number;
}

/**
 * Scores of the sequence with the masked tokens replaced, in micro-batches.
 * @param fill - what replaces a token: a row for each position, [positions, hidden]
 * @param onProgress - receives the number of samples done
 * @returns [samples, steps]
 */
export async function evaluateMasked(
  { passes, objective }: { passes: Passes; objective: Objective },
  masks: Masks,
  fill: Sides<Tensor2D | null>,
  onProgress: (done: number) => Promise<void>,
): Promise<Float32Array> {
  const scores = new Float32Array(masks.samples * passes.steps);
  const batchSize = passes.plan.copiesEvaluated();
  for (let start = 0; start < masks.samples; start += batchSize) {
    const segments = Math.min(batchSize, masks.samples - start);
    const copies = (features: Tensor2D, mask: Uint8Array | null, other: Tensor2D | null): Tensor2D => {
      const length = features.shape[0];
      if (mask === null || other === null) return tf.keep(tf.tile(features, [segments, 1]));
      const index = Int32Array.from({ length: segments * length }, (_, row) => {
        const position = row % length;
        return mask[start * length + row] === 1 ? position : length + position;
      });
      return tf.keep(tf.gather(tf.concat2d([features, other], 0), tf.tensor1d(index, 'int32')));
    };
    const features = scoped(() => ({
      segments,
      source: passes.sourceFeatures && copies(passes.sourceFeatures, masks.source, fill.source),
      target: copies(passes.targetFeatures, masks.target, fill.target),
    }));
    try {
      scores.set(await objective.evaluate(features), start * passes.steps);
    } finally {
      disposeFeatures(features);
    }
    await onProgress(start + segments);
  }
  return scores;
}
