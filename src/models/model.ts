/**
 * What a model family is to the rest of the engine: embeddings, stacks of blocks, and a head, each a function of rows.
 *
 * A family is one file in families/, named by Hugging Face's `model_type`, whose default export is a `Family`.
 * Features are the scaled token embeddings, before positions: what attribution methods differentiate and perturb.
 */

import type { Run, Value } from '../nn/run.ts';
import { type Tensor2D, tf } from '../tensors/tf.ts';
import type { ModelConfig } from './fields.ts';
import type { Embedding, Weights } from './weights.ts';

export type Architecture = 'decoder-only' | 'encoder-decoder';

/** One transformer block: rows [rows, hidden] to rows of the same shape. `memory`: the encoder's output. */
export type Block = (run: Run, x: Value, memory: Value | null) => Value;

/** A stack of blocks with what comes before and after. */
export interface Stack {
  /** Features to the first block's input: positions, embedding norms. */
  enter(run: Run, features: Value): Value;
  readonly blocks: readonly Block[];
  /** The last block's output to the stack's output (the last norm). */
  leave(run: Run, x: Value): Value;
  /** Names of the self-attention and cross-attention blocks, by layer, as given to hooks and caches. */
  readonly selfAttention: readonly string[];
  readonly crossAttention: readonly string[];
}

export interface LanguageModel {
  readonly modelType: string;
  readonly architecture: Architecture;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly vocabSize: number;
  /** Longest sequence that positions exist for; null: no limit of the model's own. */
  readonly maxPositions: number | null;
  /**
   * Equal for two lengths of a text exactly when what they have in common has the same positions in both, so that the
   * keys of the shorter one still hold and one pass serves the steps of both; left out: of all lengths. LongRoPE has
   * two regimes, dynamic scaling one for each length beyond `max_position_embeddings`.
   */
  positionRegime?(length: number): number | string;
  /** Encoder-decoder models only. */
  readonly encoder: Stack | null;
  readonly decoder: Stack;
  readonly sourceEmbedding: Embedding | null;
  readonly targetEmbedding: Embedding;
  /** The last norm, with which `head` begins; absent where it has none. */
  lastNorm?(run: Run, x: Value): Value;
  /** Output of the decoder to logits [rows, vocab]. */
  head(run: Run, x: Value): Value;
}

export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string | readonly string[];
  readonly architecture: Architecture;
  /** The config of the text model where config.json describes more than that. */
  textConfig?(config: ModelConfig): ModelConfig;
  /** Builds the model from its config and weights. Errors name the field or tensor that is missing. */
  build(config: ModelConfig, weights: Weights): LanguageModel;
}

/** Runs a stack over its features; intermediate tensors are freed block by block. */
export function runStack(run: Run, stack: Stack, features: Value, memory: Value | null): Value {
  let x = run.scope(() => stack.enter(run, features));
  for (const block of stack.blocks) {
    const input = x;
    x = run.scope(() => block(run, input, memory));
    releaseUnlessKept(input, features);
  }
  const last = x;
  const output = run.scope(() => stack.leave(run, last));
  if (output !== last) releaseUnlessKept(last, features);
  return output;
}

/** Frees a block's input once the next block has run, unless a pullback or a hook kept it. */
function releaseUnlessKept(value: Value, features: Value): void {
  if (value !== features && !value.tensor.kept && !value.tensor.isDisposed) value.tensor.dispose();
}

/** Features of token ids: scaled embeddings [ids, hidden]. */
export function embedIds(embedding: Embedding, ids: ArrayLike<number>): Tensor2D {
  return tf.tidy(() => {
    const rows = tf.gather(embedding.table, tf.tensor1d(Int32Array.from(ids), 'int32'));
    return embedding.scale === 1 ? rows : tf.mul(rows, embedding.scale);
  });
}
