/** Bytes that a job holds at the most, by the sizes that the engine plans its passes by. */

import { bytesOfCopy, bytesOfPulledRow, MAPS_KEPT } from '../activation-bytes.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import type { Quote } from '../contract/quote.ts';
import type { Extent } from './extent.ts';
import type { TextPasses } from './passes.ts';

const FLOAT_BYTES = 4;
/** Scores of each dimension, and the tensors that they are read from. */
const SCORE_COPIES = 2;
/** Gradients of a block with what is summed of them, and multiplied to them. */
const GRADIENT_COPIES = 4;
/** Features, baselines and the copies that are made of them. */
const FEATURE_COPIES = 4;
/** Keys and values have room to grow in. */
const CACHE_ROOM = 2;

/** Null where the worker does not tell its sizes. */
export function memoryOf(model: ModelInfo, extents: readonly Extent[], passes: readonly TextPasses[]): Quote['memory'] {
  const { memory } = model;
  if (memory === undefined) return null;
  const sizes = {
    hiddenSize: memory.hidden_size,
    numLayers: model.layers,
    numHeads: memory.heads,
    vocabSize: model.vocab_size,
  };
  const maps = memory.keeps_maps ? MAPS_KEPT : 1;
  let activations = 0;
  let largest = 0;
  let scores = 0;
  extents.forEach(({ length, sourceLength, steps, start, generated, beams }, text) => {
    const { recorded, evaluated } = passes[text];
    const extent = { length, sourceLength, reads: steps };
    const rows = length + sourceLength;
    const cotangents = steps * (start + sourceLength) + (steps * (steps - 1)) / 2;
    const together = (copies: number, rowsOfCopy: number): number =>
      Math.min(copies, Math.max(1, Math.ceil(memory.many_rows / Math.max(1, rowsOfCopy))));
    const pulledTogether = together(recorded, Math.max(rows, cotangents));
    const ofRecord = bytesOfCopy(sizes, extent, true, maps);
    const ofRow = bytesOfPulledRow(sizes, extent, memory.keeps_maps);
    const gradients = cotangents * memory.hidden_size * FLOAT_BYTES * GRADIENT_COPIES;
    const recording = pulledTogether * (ofRecord + Math.min(cotangents, 2 * memory.many_rows) * ofRow + gradients);
    const ofCopy = bytesOfCopy(sizes, extent, false, maps);
    const evaluating = together(evaluated, rows) * ofCopy;
    const cache = (length + generated) * beams * 2 * memory.hidden_size * model.layers * FLOAT_BYTES * CACHE_ROOM;
    const features = rows * FEATURE_COPIES * (1 + Math.max(pulledTogether, 1)) * memory.hidden_size * FLOAT_BYTES;
    const clean = steps * model.vocab_size * FLOAT_BYTES * 2;
    const one = Math.max(recorded > 0 ? ofRecord + ofRow : 0, ofCopy);
    largest = Math.max(largest, one);
    activations += Math.max(recording, evaluating) + cache + features + clean;
    const width = Math.max(memory.hidden_size, model.layers * memory.heads);
    scores += (length + 1 + sourceLength) * steps * width * FLOAT_BYTES * SCORE_COPIES;
  });
  const activationBytes = Math.ceil(Math.max(largest, Math.min(activations, 2 * memory.activation_bytes)));
  return {
    bytes: memory.weight_bytes + activationBytes + scores,
    weight_bytes: memory.weight_bytes,
    activation_bytes: activationBytes,
    score_bytes: scores,
    budget_bytes: memory.budget_bytes,
  };
}
