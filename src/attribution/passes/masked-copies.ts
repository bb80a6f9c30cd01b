/** Copies of a sequence in which some tokens are replaced, evaluated for all columns at once. */

import { scoped } from '../../tensors/ops.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Side, Sides } from '../sides.ts';
import type { Objective } from './objective.ts';
import type { Passes } from './passes.ts';
import { disposeFeatures } from './sequence-features.ts';

/** 1 where a token is kept, 0 where it is replaced: [samples * tokens] of each side; null: nothing is replaced. */
export interface Masks extends Sides<Uint8Array | null> {
  samples: number;
  /** What a sample's features are multiplied by: [tokens, hidden] of a side, or null where they stay as they are. */
  factors?(sample: number, side: Side): Float32Array | null;
}

/**
 * Scores of the sequence with the masked tokens replaced, in micro-batches.
 * @param fill - what replaces a token: a row for each position, [positions, hidden]
 * @param onProgress - receives the number of samples done
 * @returns [samples, columns]
 */
export async function evaluateMasked(
  { passes, objective }: { passes: Passes; objective: Objective },
  masks: Masks,
  fill: Sides<Tensor2D | null>,
  onProgress: (done: number) => Promise<void>,
): Promise<Float32Array> {
  const scores = new Float32Array(masks.samples * passes.columns);
  const batchSize = passes.plan.copiesEvaluated();
  for (let start = 0; start < masks.samples; start += batchSize) {
    const segments = Math.min(batchSize, masks.samples - start);
    const copies = (side: Side, features: Tensor2D): Tensor2D => {
      const length = features.shape[0];
      const [mask, other] = [masks[side], fill[side]];
      const factors = factorsOf(masks, { start, segments }, side, features);
      if (mask === null || other === null) return tf.keep(times(tf.tile(features, [segments, 1]), factors));
      const index = Int32Array.from({ length: segments * length }, (_, row) => {
        const position = row % length;
        return mask[start * length + row] === 1 ? position : length + position;
      });
      return tf.keep(times(tf.gather(tf.concat2d([features, other], 0), tf.tensor1d(index, 'int32')), factors));
    };
    const features = scoped(() => ({
      segments,
      source: passes.sourceFeatures && copies('source', passes.sourceFeatures),
      target: copies('target', passes.targetFeatures),
    }));
    try {
      scores.set(await objective.evaluate(features), start * passes.columns);
    } finally {
      disposeFeatures(features);
    }
    await onProgress(start + segments);
  }
  return scores;
}

/** What the features of some samples are multiplied by: [segments * tokens, hidden]; null: none is. */
function factorsOf(
  masks: Masks,
  { start, segments }: { start: number; segments: number },
  side: Side,
  features: Tensor2D,
): Tensor2D | null {
  const found = Array.from({ length: segments }, (_, k) => masks.factors?.(start + k, side) ?? null);
  if (found.every((factors) => factors === null)) return null;
  const all = new Float32Array(segments * features.size).fill(1);
  found.forEach((factors, k) => {
    if (factors !== null) all.set(factors, k * features.size);
  });
  return tf.tensor2d(all, [segments * features.shape[0], features.shape[1]]);
}

function times(features: Tensor2D, factors: Tensor2D | null): Tensor2D {
  return factors === null ? features : tf.mul(features, factors);
}
