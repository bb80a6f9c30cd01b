/** The config fields of the decoder that Llama made common, and how its positions and windows are read from them. */

import type { ModelConfig } from '../checkpoints/config.ts';
import { type RotaryPositions, rotaryPositions } from '../nn/rope-scaling.ts';
import {
  activationName,
  boolean,
  type ConfigOf,
  headSize,
  type JsonFields,
  number,
  object,
  optionalBoolean,
  optionalSize,
  readFields,
  size,
} from './fields.ts';

const FIELDS = {
  vocab_size: size(),
  hidden_size: size(),
  num_hidden_layers: size(),
  num_attention_heads: size(),
  num_key_value_heads: optionalSize,
  head_dim: optionalSize,
  hidden_act: activationName('silu'),
  rms_norm_eps: number(1e-6),
  attention_dropout: number(0),
  tie_word_embeddings: optionalBoolean,
};

/** Llama's config, and what families of its lineage do otherwise. */
export interface RotaryDecoderConfig extends ConfigOf<typeof FIELDS> {
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  /** Rotary positions of a layer. */
  rotary(layer: number): RotaryPositions;
  /** Positions that a query of the layer sees, itself included; null: all. */
  window(layer: number): number | null;
  /** Factor on attention scores; left out: 1 / sqrt(head_dim). */
  readonly scoreScale?: number;
  /** Attention scores and logits stay within these. */
  readonly scoreCap?: number | null;
  readonly logitCap?: number | null;
  /** Queries and keys are normalized head by head (Qwen3, Gemma 3). */
  readonly headNorms?: boolean;
  /** One matrix each for queries, keys and values, and for gate and value of the feed-forward layer (Phi-3). */
  readonly fused?: boolean;
  /** The outputs of attention and feed-forward layer are normalized too (Gemma 2). */
  readonly outputNorms?: boolean;
  /** Added to the weights of the norms (Gemma: 1). */
  readonly normOffset?: number;
  readonly embeddingScale?: number;
  readonly residualDropout?: number;
}

/** What a family's config leaves out. */
interface Defaults {
  head_dim?: number;
  rope_theta?: number;
}

/** The fields that the lineage shares; all positions are seen, and turned alike in every layer. */
export function readLlamaConfig(config: ModelConfig, defaults: Defaults = {}): RotaryDecoderConfig {
  const own = readFields(config, FIELDS);
  const num_key_value_heads = own.num_key_value_heads ?? own.num_attention_heads;
  headSize({ ...own, num_key_value_heads }, 'num_attention_heads', 'num_key_value_heads');
  const head_dim = own.head_dim ?? defaults.head_dim ?? headSize(own, 'hidden_size', 'num_attention_heads');
  const positions = readRope(config, head_dim, defaults);
  return { ...own, num_key_value_heads, head_dim, rotary: () => positions, window: () => null };
}

/**
 * Rotary positions of heads of `headDim` dimensions, of which the share `partial_rotary_factor` is turned.
 * @param defaults - of fields that the config leaves out
 */
export function readRope(
  config: ModelConfig,
  headDim: number,
  defaults: { partial_rotary_factor?: number; rope_theta?: number } = {},
): RotaryPositions {
  const own = readFields(config, {
    // transformers 5 writes "rope_parameters", before it "rope_theta" and "rope_scaling" stood apart.
    rope_parameters: object,
    rope_scaling: object,
    max_position_embeddings: size(),
    original_max_position_embeddings: optionalSize,
  });
  const parameters = own.rope_parameters ?? {};
  const kind = Object.keys(parameters).find((name) => name.endsWith('_attention'));
  if (kind !== undefined) {
    throw new Error(
      `config.json: "rope_parameters" has "${kind}"; this model_type has one kind of rotary positions for all layers`,
    );
  }
  const rotary = readFields(
    { ...config, ...parameters, ...own.rope_scaling },
    {
      partial_rotary_factor: number(defaults.partial_rotary_factor ?? 1),
      rope_theta: number(defaults.rope_theta ?? 10_000),
    },
  );
  return rotaryPositions({
    dims: Math.trunc(headDim * rotary.partial_rotary_factor),
    base: rotary.rope_theta,
    maxPositions: own.max_position_embeddings,
    originalMaxPositions: own.original_max_position_embeddings,
    scaling: own.rope_scaling ?? parameters,
  });
}

/** @throws {Error} where positions also attend to later ones, as in encoders derived from Gemma */
export function refuseBidirectional(config: JsonFields): void {
  const { use_bidirectional_attention: bidirectional } = readFields(config, {
    use_bidirectional_attention: boolean(false),
  });
  if (bidirectional) {
    throw new Error(
      'config.json: "use_bidirectional_attention" is true: the checkpoint embeds text, it generates none',
    );
  }
}

/** Windows by layer, where the config names each layer's kind; `usual` tells which slide where it does not. */
export function layerWindows(
  config: JsonFields,
  window: number | null,
  usual: (layer: number) => boolean,
): (layer: number) => number | null {
  const types: unknown = config.layer_types ?? null;
  const layers = Number(config.num_hidden_layers);
  const known = (type: unknown): boolean => type === 'sliding_attention' || type === 'full_attention';
  if (types !== null && !(Array.isArray(types) && types.length === layers && types.every(known))) {
    throw new Error(
      `config.json: "layer_types" is ${JSON.stringify(types)}; ` +
        `it must name ${layers} layers, each "sliding_attention" or "full_attention"`,
    );
  }
  return (layer) => {
    const slides = Array.isArray(types) ? types[layer] === 'sliding_attention' : usual(layer);
    return slides ? window : null;
  };
}

/** Windows of Qwen's models: where they are used at all, in the layers from `max_window_layers` on. */
export function qwenWindows(config: JsonFields): (layer: number) => number | null {
  const own = readFields(config, {
    use_sliding_window: boolean(false),
    sliding_window: size(4096),
    max_window_layers: number(28),
  });
  const window = own.use_sliding_window ? own.sliding_window : null;
  return layerWindows(config, window, (layer) => layer >= own.max_window_layers);
}
