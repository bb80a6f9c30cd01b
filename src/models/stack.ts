/** Layers to stacks, and the part of a decoder-only model that all families share. */

import type { Run, Value } from '../nn/run.ts';
import type { Block, Network, Stack } from './model.ts';
import type { Embedding } from './weights.ts';

/** One layer, and the names of its attention blocks in the checkpoint. */
export interface Layer {
  readonly selfAttention: string;
  readonly crossAttention?: string;
  readonly run: Block;
}

/** What stands before and after the layers of a stack; what is left out changes nothing. */
export interface Ends {
  /** `ids`: as of `Stack.enter`. */
  enter?(run: Run, x: Value, ids?: Int32Array): Value;
  leave?(run: Run, x: Value): Value;
}

/** Layers 0 .. count - 1. */
export function layersOf(count: number, layer: (index: number) => Layer): Layer[] {
  return Array.from({ length: count }, (_, index) => layer(index));
}

/** The stack over features of `tokens`, which are named as the output of that module. */
export function stackOf(tokens: Embedding, layers: readonly Layer[], ends: Ends = {}): Stack {
  return {
    enter(run, features, ids) {
      const embedded = run.name(tokens.name, features);
      return ends.enter?.(run, embedded, ids) ?? embedded;
    },
    blocks: layers.map(({ run }) => run),
    leave: (run, x) => ends.leave?.(run, x) ?? x,
    selfAttention: layers.map(({ selfAttention }) => selfAttention),
    crossAttention: layers.flatMap(({ crossAttention }) => crossAttention ?? []),
  };
}

/** The parts of a decoder-only model. */
export interface DecoderParts {
  tokens: Embedding;
  /** Embeddings to the first layer's input. */
  enter?(run: Run, x: Value): Value;
  layers: readonly Layer[];
  /** Null where the last layer's output goes to the head as it is. */
  lastNorm: ((run: Run, x: Value) => Value) | null;
  /** Normalized output of the last layer to logits [rows, vocab]. */
  head(run: Run, x: Value): Value;
}

export function decoderOnly({ tokens, enter, layers, lastNorm, head }: DecoderParts): Network {
  return {
    encoder: null,
    sourceEmbedding: null,
    targetEmbedding: tokens,
    decoder: stackOf(tokens, layers, enter && { enter }),
    ...(lastNorm && { lastNorm }),
    head: (run, x) => head(run, lastNorm === null ? x : lastNorm(run, x)),
  };
}
