/**
 * What a model family is to the rest of the engine: embeddings, stacks of layers, and a head, each a function of rows.
 *
 * Features are the scaled token embeddings, before positions: what attribution methods differentiate and perturb.
 */

import type { Memory } from '../nn/cross-attention.ts';
import type { Rows } from '../nn/rows.ts';
import type { Run, Value } from '../nn/run.ts';
import { type Tensor2D, tf } from '../tensors/tf.ts';
import type { Embedding } from './weights.ts';

export type Architecture = 'decoder-only' | 'encoder-decoder';

/**
 * One transformer layer: [rows, hidden] to the same, of the rows that are wanted.
 * @param memory - the encoder's output, if any
 * @param wanted - later rows of x (`Rows.from`), for which alone queries and what follows from them are computed;
 *   null: all
 */
export type Block = (run: Run, x: Value, memory: Memory | null, wanted: Rows | null) => Value;

/** A stack of layers with what comes before and after. */
export interface Stack {
  /**
   * Features to the first layer's input: positions, embedding norms.
   * @param ids - the tokens of the rows, where text is generated: some families number positions by them
   */
  enter(run: Run, features: Value, ids?: Int32Array): Value;
  readonly blocks: readonly Block[];
  /** The last layer's output to the stack's output (the encoder's last norm). */
  leave(run: Run, x: Value): Value;
  /** Names of the self-attention and cross-attention blocks, by layer, as given to hooks and caches. */
  readonly selfAttention: readonly string[];
  readonly crossAttention: readonly string[];
}

/** The functions of a model, built from its weights. */
export interface Network {
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

/** What a model's config says of its size. */
export interface ModelShape {
  /** Width of the layers; embeddings may be narrower or wider. */
  readonly hiddenSize: number;
  /** Of the decoder. */
  readonly numLayers: number;
  /** Query heads of a layer of the stack that has the most. */
  readonly numHeads: number;
  readonly vocabSize: number;
  /** Longest sequence that positions exist for; null: no limit of the model's own. */
  readonly maxPositions: number | null;
}

export interface LanguageModel extends ModelShape, Network {
  /** False where a row's numbers depend on the other rows of a pass: int8 under bitsandbytes' rule of outliers. */
  readonly rowwise: boolean;
  readonly modelType: string;
  readonly architecture: Architecture;
}

/** What a stack is run over. */
interface StackInput {
  readonly features: Value;
  /** As of `Block`; left out: null. */
  readonly memory?: Memory | null;
  readonly wanted?: Rows | null;
  /** As of `Stack.enter`. */
  readonly ids?: Int32Array;
}

/** Runs a stack over its features; intermediate tensors are freed layer by layer. `wanted` is of the last layer. */
export function runStack(run: Run, stack: Stack, input: StackInput): Value {
  const { features, memory = null, wanted = null, ids } = input;
  let x = run.scope(() => stack.enter(run, features, ids));
  const lastBlock = stack.blocks.at(-1);
  for (const block of stack.blocks) {
    const before = x;
    x = run.scope(() => block(run, before, memory, block === lastBlock ? wanted : null));
    releaseUnlessKept(before, features);
  }
  const last = x;
  const output = run.scope(() => stack.leave(run, last));
  if (output !== last) releaseUnlessKept(last, features);
  return output;
}

/** Frees a layer's input once the next layer has run, unless a pullback or a hook kept it. */
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
