/** The layer from the decoder's output to logits. It stays float in int8 models, as bitsandbytes leaves it. */

import type { Linear } from '../nn/linear.ts';
import { boolean, type ModelConfig } from './fields.ts';
import type { Embedding, Weights } from './weights.ts';

/**
 * Shares the matrix of the embeddings where `tie_word_embeddings` says so; where it says nothing, when the checkpoint
 * holds no matrix of its own.
 */
export function outputLayer(config: ModelConfig, weights: Weights, name: string, embedding: Embedding): Linear {
  if (!boolean(config, 'tie_word_embeddings', !weights.has(`${name}.weight`))) {
    return weights.linear(name, { quantize: false });
  }
  return weights.tied(name, embedding, weights.has(`${name}.bias`) ? weights.vector(`${name}.bias`) : null);
}
