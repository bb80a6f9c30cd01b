/**
 * Token embeddings and the layer from the decoder's output to logits, which often share one matrix. What the checkpoint
 * holds counts before what config.json says of it, as in transformers 5. The layer stays float in int8 models, as
 * bitsandbytes leaves it.
 */

import type { Linear } from '../nn/linear.ts';
import type { Embedding, Weights } from './weights.ts';

/** How a config says whether the two are one; null where it says nothing. */
export interface TyingConfig {
  readonly tie_word_embeddings: boolean | null;
}

/**
 * The embeddings `name`, found under the output layer's name where a tied matrix was stored as that alone.
 * @param head - path of the output layer
 */
export function tokenEmbedding(
  config: TyingConfig,
  weights: Weights,
  name: string,
  head: string,
  scale?: number,
): Embedding {
  const tied = config.tie_word_embeddings ?? true;
  return { ...weights.embedding(tied ? storedName(weights, [name, head]) : name, scale), name };
}

/**
 * The output layer: a matrix of its own where the checkpoint holds one that differs from the embeddings, also where
 * `tie_word_embeddings` is true; else the embeddings, unless `tie_word_embeddings` is false.
 * @throws CheckpointError where it is false and there is no such matrix
 */
export function outputLayer(config: TyingConfig, weights: Weights, name: string, embedding: Embedding): Linear {
  const own = weights.has(`${name}.weight`);
  if (!own && config.tie_word_embeddings === false) {
    throw weights.fault(
      `holds no "${name}.weight", and config.json says "tie_word_embeddings": false, so that it cannot be the matrix of ` +
        'the embeddings; save the model with its output layer, or set the field to true if the two are one',
    );
  }
  if (own && embedding.stored !== name && !weights.same(`${name}.weight`, `${embedding.stored}.weight`)) {
    return weights.linear(name, { quantize: false });
  }
  return weights.tied(name, embedding, weights.has(`${name}.bias`) ? weights.vector(`${name}.bias`) : null);
}

/** Which of the names of one shared matrix the checkpoint has: the first, also where it has none. */
export function storedName(weights: Weights, names: readonly string[]): string {
  return names.find((name) => weights.has(`${name}.weight`)) ?? names[0];
}

/**
 * As `storedName` of a member of a tied group that has names of its own; copies of one matrix count as one.
 * @param own - the member's name
 * @param group - the others, the one that all are tied to first
 */
export function tiedName(weights: Weights, own: string, group: readonly string[]): string {
  const [whole] = group;
  const both = weights.has(`${own}.weight`) && weights.has(`${whole}.weight`);
  if (both && weights.same(`${own}.weight`, `${whole}.weight`)) return whole;
  return storedName(weights, [own, ...group]);
}
